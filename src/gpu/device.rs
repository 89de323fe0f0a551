//! stub
#![allow(missing_docs)]
use crate::error::Result;
use serde::{Deserialize, Serialize};
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    #[default]
    Auto,
    Gpu,
    Cpu,
}
pub struct Info {
    pub name: String,
    pub backend: String,
    pub kind: String,
}
pub struct Gpu {
    pub instance: wgpu::Instance,
    pub adapter: wgpu::Adapter,
    pub device: wgpu::Device,
    pub queue: wgpu::Queue,
    pub info: Info,
}
pub struct Selection {
    pub gpu: Option<Gpu>,
    pub reason: String,
}
pub fn select(_: Choice) -> Result<Selection> {
    Ok(Selection { gpu: None, reason: "no GPU: stub".into() })
}
