//! The shaders without a device: every stage's WGSL parses, validates and says what Rust says.
//!
//! Place in the flow: rung 1 of the rungs of trust. Names, access and layouts of the bindings, the
//! constants that both sides know, and that every shader has its stage and its file, and the other
//! way round.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use naga::valid::{Capabilities, ValidationFlags, Validator};
use naga::{
    AddressSpace, ArraySize, Expression, Handle, Literal, Module, Scalar, StorageAccess, Type,
    TypeInner, VectorSize,
};
use noisescope::analysis::dfa::summary::Trend;
use noisescope::analysis::dfa::{block, detrend, fluctuation, params, stretch, tiles, tree};
use noisescope::analysis::spikes::{chunk, intervals, threshold};
use noisescope::gpu::engine::assemble;
use noisescope::gpu::stage::{Access, Layout, Stage};
use noisescope::models::ctrnn::{moments, simulate};
use noisescope::models::lstm;
use noisescope::recording::{spectra, traces};
use noisescope::signal::{logarithm, philox};

/// Where the Rust files of a folder of shaders lie.
const HOMES: &[(&str, &str)] = &[
    ("ctrnn", "src/models/ctrnn"),
    ("dfa", "src/analysis/dfa"),
    ("lstm", "src/models/lstm"),
    ("recording", "src/recording"),
    ("spikes", "src/analysis/spikes"),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn parse(stage: &dyn Stage) -> Module {
    let source = assemble(stage);
    naga::front::wgsl::parse_str(&source)
        .unwrap_or_else(|error| panic!("{}", error.emit_to_string_with_path(&source, stage.name())))
}

#[test]
fn every_source_parses_and_validates() {
    for stage in common::stages() {
        let module = parse(stage);
        let mut validator = Validator::new(ValidationFlags::all(), Capabilities::empty());
        if let Err(error) = validator.validate(&module) {
            let source = assemble(stage);
            panic!("{}", error.emit_to_string_with_path(&source, stage.name()));
        }
        let entries: Vec<_> = module.entry_points.iter().map(|e| e.name.as_str()).collect();
        assert_eq!(entries, ["main"], "{}: one entry point, `main`", stage.name());
        let overrides: Vec<_> =
            module.overrides.iter().filter_map(|(_, o)| o.name.as_deref()).collect();
        let declared = if stage.words().is_some() { vec!["LANES", "WORDS"] } else { vec!["LANES"] };
        assert_eq!(overrides, declared, "{}: its overrides", stage.name());
        let lanes = stage.lanes();
        assert!(lanes.is_power_of_two() && lanes <= 256, "{}: {lanes} lanes", stage.name());
    }
}

#[test]
fn bindings_and_layouts_are_what_rust_says() {
    for stage in common::stages() {
        let found = described(&parse(stage));
        let declared: Vec<_> = stage
            .bindings()
            .iter()
            .enumerate()
            .map(|(i, b)| (i as u32, b.name.to_owned(), b.access, layout_text(&b.layout)))
            .collect();
        assert_eq!(found, declared, "{}: shader left, Rust right", stage.name());
        let storage = declared.iter().filter(|b| b.2 != Access::Uniform).count();
        assert!(storage <= 8, "{}: {storage} storage buffers, 8 are portable", stage.name());
    }
}

/// `(binding, name, access, layout)` of group 0, in order of binding.
fn described(module: &Module) -> Vec<(u32, String, Access, String)> {
    let mut all: Vec<_> = module
        .global_variables
        .iter()
        .filter_map(|(_, variable)| {
            let binding = variable.binding.as_ref()?;
            assert_eq!(binding.group, 0, "bindings are of group 0");
            let access = match variable.space {
                AddressSpace::Uniform => Access::Uniform,
                AddressSpace::Storage { access } if access.contains(StorageAccess::STORE) => {
                    Access::ReadWrite
                }
                AddressSpace::Storage { .. } => Access::Read,
                other => panic!("a binding in {other:?}"),
            };
            let name = variable.name.clone().expect("a binding has a name");
            Some((binding.binding, name, access, type_text(module, variable.ty)))
        })
        .collect();
    all.sort_by_key(|binding| binding.0);
    all
}

fn layout_text(layout: &Layout) -> String {
    match layout {
        Layout::Array(scalar) => format!("array of {scalar}"),
        Layout::Struct(fields, size) => format!("{fields:?}, {size} bytes"),
        Layout::Records(fields, stride) => format!("array of ({fields:?}, {stride} bytes)"),
    }
}

fn type_text(module: &Module, ty: Handle<Type>) -> String {
    match &module.types[ty].inner {
        TypeInner::Scalar(Scalar::F32) => "f32".into(),
        TypeInner::Scalar(Scalar::U32) => "u32".into(),
        TypeInner::Scalar(Scalar::I32) => "i32".into(),
        TypeInner::Vector { size: VectorSize::Bi, scalar: Scalar::F32 } => "vec2<f32>".into(),
        TypeInner::Struct { members, span } => {
            let fields: Vec<_> =
                members.iter().map(|m| (m.name.as_deref().unwrap_or(""), m.offset)).collect();
            format!("{fields:?}, {span} bytes")
        }
        TypeInner::Array { base, size: ArraySize::Dynamic, stride } => {
            let inner = type_text(module, *base);
            if let TypeInner::Struct { span, .. } = module.types[*base].inner {
                assert_eq!(*stride, span, "records lie side by side");
                format!("array of ({inner})")
            } else {
                format!("array of {inner}")
            }
        }
        other => panic!("a binding of type {other:?}"),
    }
}

#[test]
fn constants_are_the_same_on_both_sides() {
    let known = [
        ("BLOCK", Literal::U32(block::BLOCK as u32)),
        ("GROUP", Literal::U32(detrend::GROUP as u32)),
        ("RUN", Literal::U32(fluctuation::RUN as u32)),
        ("DEFINED", Literal::U32(params::DEFINED)),
        ("CONSTANT", Literal::U32(params::CONSTANT)),
        ("NON_FINITE", Literal::U32(params::NON_FINITE)),
        ("TEAM", Literal::U32(tree::TEAM as u32)),
        ("UNRESOLVED", Literal::U32(params::UNRESOLVED)),
        ("LN_2", Literal::F32(logarithm::LN_2)),
        ("TILE", Literal::U32(traces::TILE)),
        ("SIDE_BY_SIDE", Literal::U32(spectra::SIDE_BY_SIDE as u32)),
        ("TILE_SAMPLES", Literal::U32(block::TILE as u32)),
        ("TILE_NODES", Literal::U32(block::TILE_NODES as u32)),
        ("TILE_LEVEL", Literal::U32(block::TILE_LEVEL as u32)),
        ("MOST_UNITS", Literal::U32(lstm::MOST_UNITS as u32)),
        ("ROWS_PER_GROUP", Literal::U32(lstm::ROWS_PER_GROUP as u32)),
        ("UNITS_PER_LANE", Literal::U32(lstm::UNITS_PER_LANE as u32)),
        ("UNITS_AT_ONCE", Literal::U32(lstm::UNITS_AT_ONCE as u32)),
        ("BITS", Literal::U32(chunk::BITS as u32)),
        ("INFINITE", Literal::U32(threshold::INFINITE)),
        ("ONE", Literal::F32(intervals::ONE)),
        ("BELOW_ONE", Literal::F32(intervals::BELOW_ONE)),
        ("PARTS", Literal::U32(simulate::PARTS)),
        ("RELU", Literal::U32(simulate::RELU)),
        ("SOFTPLUS", Literal::U32(simulate::SOFTPLUS)),
        ("INSIDE", Literal::U32(simulate::INSIDE)),
        ("LOG2_E", Literal::F32(std::f32::consts::LOG2_E)),
        ("LN_2_HIGH", Literal::F32(simulate::LN_2_HIGH)),
        ("LN_2_LOW", Literal::F32(simulate::LN_2_LOW)),
        ("ROWS_AT_ONCE", Literal::U32(moments::ROWS_AT_ONCE as u32)),
        ("MULTIPLIER_A", Literal::U32(philox::MULTIPLIERS[0])),
        ("MULTIPLIER_C", Literal::U32(philox::MULTIPLIERS[1])),
        ("WEYL_A", Literal::U32(philox::WEYL[0])),
        ("WEYL_B", Literal::U32(philox::WEYL[1])),
        ("ROUNDS", Literal::U32(philox::ROUNDS as u32)),
        ("SMALLEST_GRADIENT", Literal::F32(lstm::SMALLEST_GRADIENT)),
    ];
    let mut seen = BTreeSet::new();
    for stage in common::stages() {
        for (name, value) in constants(&parse(stage)) {
            if name == "NODE" {
                let words = |trend| Literal::U32(tiles::record(trend) as u32);
                assert!([words(Trend::Line), words(Trend::Curve)].contains(&value));
                continue;
            }
            if name == "DOUBT" {
                let of_line =
                    parse(stage).functions.iter().any(|(_, f)| f.name.as_deref() == Some("spread"));
                let share = if of_line { block::DOUBT } else { stretch::DOUBT };
                assert_eq!(value, Literal::F32(share), "{}", stage.name());
                continue;
            }
            let expected = known.iter().find(|(known, _)| *known == name);
            let (_, expected) = expected
                .unwrap_or_else(|| panic!("{}: `{name}` has no home in Rust", stage.name()));
            assert_eq!(value, *expected, "{}: `{name}`, shader left, Rust right", stage.name());
            seen.insert(name);
        }
    }
    assert_eq!(seen.len(), known.len(), "found only {seen:?}");
}

/// The named constants of `module` that are numbers.
fn constants(module: &Module) -> Vec<(String, Literal)> {
    let constants = module.constants.iter().filter_map(|(_, constant)| {
        match (&constant.name, &module.global_expressions[constant.init]) {
            (Some(name), Expression::Literal(value)) => Some((name.clone(), *value)),
            _ => None,
        }
    });
    constants.collect()
}

#[test]
fn the_readme_of_the_shaders_names_every_stage() {
    let readme = fs::read_to_string(root().join("shaders/README.md")).expect("readable");
    for stage in common::stages() {
        let (folder, stem) = stage.name().split_once('/').expect("folder/stem");
        let (_, home) = HOMES.iter().find(|(shaders, _)| *shaders == folder).expect("a home");
        let row = format!("| `{}` | `{home}/{stem}.rs` |", stage.name());
        assert!(readme.contains(&row), "shaders/README.md has no row {row}");
    }
}

#[test]
fn every_shader_has_its_stage_and_its_file() {
    let stages = common::stages();
    let mut names = BTreeSet::new();
    for stage in &stages {
        let name = stage.name();
        let unique = names.insert(name.to_owned());
        let variant = stages.iter().filter(|other| other.source() == stage.source()).count() == 1;
        assert!(unique || variant, "two stages are called {name}");
        let (folder, stem) = name.split_once('/').expect("folder/stem");
        let (_, home) = HOMES.iter().find(|(shaders, _)| *shaders == folder).unwrap_or_else(|| {
            panic!("{name}: say in HOMES where the Rust files of shaders/{folder} lie")
        });
        let rust = root().join(home).join(format!("{stem}.rs"));
        assert!(rust.is_file(), "{name} has no {}", rust.display());
        let own = fs::read_to_string(root().join(format!("shaders/{name}.wgsl")))
            .unwrap_or_else(|error| panic!("shaders/{name}.wgsl: {error}"));
        assert_eq!(stage.source()[0], own, "{name}: its own file comes first");
    }
    let mut files = Vec::new();
    collect(&root().join("shaders"), "wgsl", &mut files);
    for path in files {
        let name = path.strip_prefix(root().join("shaders")).expect("inside").with_extension("");
        let name = name.to_string_lossy().replace('\\', "/");
        let text = fs::read_to_string(&path).expect("readable");
        if name.starts_with("shared/") {
            let used = stages.iter().any(|stage| stage.source()[1..].contains(&text.as_str()));
            assert!(used, "no stage uses shaders/{name}.wgsl");
        } else {
            assert!(names.contains(&name), "shaders/{name}.wgsl is in no table of stages");
        }
    }
    for (folder, home) in HOMES {
        let mut files = Vec::new();
        collect(&root().join(home), "rs", &mut files);
        for path in files {
            let text = fs::read_to_string(&path).expect("readable");
            if text.contains("impl Stage for") {
                let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
                let name = format!("{folder}/{stem}");
                assert!(names.contains(&name), "{} is in no table of stages", path.display());
            }
        }
    }
}

fn collect(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            collect(&path, ending, found);
        } else if path.extension().is_some_and(|found| found == ending) {
            found.push(path);
        }
    }
}

#[test]
fn the_checker_reads_constants() {
    let wgsl = "const A: u32 = 512u; const B: f32 = 1e-30; const C = vec2(1.0, 2.0);
        @compute @workgroup_size(1) fn main() { var x = f32(A) + B + C.x; }";
    let found = constants(&naga::front::wgsl::parse_str(wgsl).expect("parses"));
    assert!(found.contains(&("A".into(), Literal::U32(512))), "{found:?}");
    assert!(found.contains(&("B".into(), Literal::F32(1e-30))), "{found:?}");
    assert!(!found.contains(&("A".into(), Literal::U32(511))) && found.len() == 2, "{found:?}");
}

#[test]
fn the_checker_finds_a_wrong_layout() {
    let wgsl = "
        struct Shape { rows: u32, steps: u32 }
        struct Mark { unit: f32, status: u32 }
        @group(0) @binding(1) var<storage, read_write> marks: array<Mark>;
        @group(0) @binding(0) var<uniform> shape: Shape;
        @compute @workgroup_size(1) fn main() { marks[0].status = shape.rows; }";
    let found = described(&naga::front::wgsl::parse_str(wgsl).expect("parses"));
    let marks = Layout::Records(params::Mark::FIELDS, params::Mark::SIZE);
    assert_ne!(found[1].3, layout_text(&marks), "swapped fields");
    let swapped = Layout::Records(&[("unit", 0), ("status", 4)], 8);
    assert_eq!(found[1].3, layout_text(&swapped));
    assert_ne!(found[0].3, layout_text(&Layout::Struct(params::Shape::FIELDS, 16)), "too short");
    assert_eq!((found[0].0, found[0].2, found[1].2), (0, Access::Uniform, Access::ReadWrite));
}
