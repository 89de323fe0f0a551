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
use naga::{AddressSpace, ArraySize, Handle, Module, Scalar, StorageAccess, Type, TypeInner};
use noisescope::analysis::dfa::{block, detrend, fluctuation, params};
use noisescope::gpu::engine::assemble;
use noisescope::gpu::stage::{Access, Layout, Stage};

/// Where the Rust files of a folder of shaders lie.
const HOMES: &[(&str, &str)] = &[("dfa", "src/analysis/dfa"), ("lstm", "src/models/lstm")];

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
        assert_eq!(overrides, ["LANES"], "{}: one override, `LANES`", stage.name());
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
        ("BLOCK", block::BLOCK as u32),
        ("GROUP", detrend::GROUP as u32),
        ("RUN", fluctuation::RUN as u32),
        ("DEFINED", params::DEFINED),
        ("CONSTANT", params::CONSTANT),
        ("NON_FINITE", params::NON_FINITE),
        ("NO_FLUCTUATION", params::NO_FLUCTUATION),
    ];
    let mut seen = BTreeSet::new();
    for stage in noisescope::analysis::STAGES {
        let module = parse(*stage);
        for (_, constant) in module.constants.iter() {
            let Some(name) = constant.name.as_deref() else { continue };
            if let Some((_, expected)) = known.iter().find(|(known, _)| *known == name) {
                let value = &module.global_expressions[constant.init];
                let expected = naga::Expression::Literal(naga::Literal::U32(*expected));
                assert_eq!(format!("{value:?}"), format!("{expected:?}"), "{name}");
                seen.insert(name.to_owned());
            }
        }
    }
    assert_eq!(seen.len(), known.len(), "found only {seen:?}");
}

#[test]
fn every_shader_has_its_stage_and_its_file() {
    let stages = common::stages();
    let mut names = BTreeSet::new();
    for stage in &stages {
        let name = stage.name();
        assert!(names.insert(name.to_owned()), "two stages are called {name}");
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
