//! A stage whose workgroup memory begins full of a large number, for the tests alone.
//!
//! Place in the flow: `tests/stages.rs` runs every stage a second time like this. Our engine has
//! workgroup memory cleared by wgpu, cubecl does not: a stage that leaned on zeros would be right
//! here and wrong in Burn's stream.

use std::sync::OnceLock;

use noisescope::gpu::stage::{Binding, Bound, Stage};

/// A stage with other text; everything else is the stage's own.
pub struct Poisoned {
    stage: &'static dyn Stage,
    name: &'static str,
    source: &'static [&'static str],
}

impl Poisoned {
    /// `stage` with `own` as its own file, every array in workgroup memory filled before the first
    /// line of `main`.
    pub fn new(stage: &'static dyn Stage, own: &str) -> Self {
        let mut source = stage.source().to_vec();
        source[0] = Box::leak(fill(own).into_boxed_str());
        Self {
            stage,
            name: Box::leak(format!("{}, poisoned", stage.name()).into_boxed_str()),
            source: Box::leak(source.into_boxed_slice()),
        }
    }

    /// The same for a stage of the project as it stands, made once: an engine keeps pipelines by
    /// the place of their text.
    pub fn of(stage: &dyn Stage) -> &'static Self {
        static ALL: OnceLock<Vec<Poisoned>> = OnceLock::new();
        let all = ALL.get_or_init(|| {
            let stages = super::stages().into_iter();
            stages.map(|stage| Self::new(stage, stage.source()[0])).collect()
        });
        let found = all.iter().find(|poisoned| poisoned.stage.source() == stage.source());
        found.unwrap_or_else(|| panic!("{} is in no table of stages", stage.name()))
    }
}

/// `text` with its workgroup arrays filled first. A constant NaN is no WGSL; whatever 1e30 gets
/// into is far from any answer, and all bits set is more than any count.
fn fill(text: &str) -> String {
    let arrays: Vec<(&str, &str, &str)> = text
        .lines()
        .filter_map(|line| line.strip_prefix("var<workgroup> ")?.split_once(": array<"))
        .filter_map(|(name, rest)| {
            let (scalar, count) = rest.strip_suffix(">;")?.split_once(", ")?;
            Some((name, scalar, count))
        })
        .collect();
    let declared = text.matches("var<workgroup>").count();
    let records = text.matches("var<workgroup> sizes: Parameters;").count();
    assert_eq!(arrays.len() + records, declared, "an array that is not understood:\n{text}");
    if arrays.is_empty() {
        return text.to_owned();
    }
    let loops = arrays.iter().map(|(name, scalar, count)| {
        let poison = match *scalar {
            "f32" => "1e30",
            "vec2<f32>" => "vec2(1e30)",
            "vec4<f32>" => "vec4(1e30)",
            _ => "0xffffffffu",
        };
        format!("for (var at = lane; at < {count}; at += LANES) {{ {name}[at] = {poison}; }}")
    });
    let loops = loops.collect::<Vec<_>>().join(" ");
    let poisoned = text.replacen("\n) {\n", &format!("\n) {{ {loops} workgroupBarrier();\n"), 1);
    assert_ne!(poisoned, text, "no head of main was found");
    poisoned
}

impl Stage for Poisoned {
    fn name(&self) -> &'static str {
        self.name
    }

    fn source(&self) -> &'static [&'static str] {
        self.source
    }

    fn lanes(&self) -> u32 {
        self.stage.lanes()
    }

    fn words(&self) -> Option<u32> {
        self.stage.words()
    }

    fn bindings(&self) -> &'static [Binding] {
        self.stage.bindings()
    }

    fn groups(&self, params: &[u8]) -> [u32; 3] {
        self.stage.groups(params)
    }

    fn twin(&self, bound: &mut Bound<'_>) {
        self.stage.twin(bound);
    }
}
