//! Runs that differ in tasks, sites, training noise and seeds alone, as the one run that they are.
//!
//! Place in the flow: settings and outcomes of several runs in, the outcome of all their networks
//! out. What a network does depends on no other, so that networks trained apart are those that one
//! run would have trained; what is said of several, such as intervals, is taken anew.

use std::collections::BTreeSet;

use super::found::{Network, Outcome};
use super::groups;
use super::methods;
use super::settings::Settings;
use crate::error::Result;
use crate::experiments::outcome::Device;

/// A run that is done.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// What it was asked.
    pub settings: &'a Settings,
    /// What it found.
    pub outcome: &'a Outcome,
}

/// `settings` without what runs of one study may differ in: tasks, sites, training noise, seeds,
/// device. Runs are of one study where these are equal.
pub fn shared(settings: &Settings) -> Settings {
    let Settings { seed, device, learn, noise, .. } = Settings::default();
    Settings { seed, device, learn, noise, ..settings.clone() }
}

/// What several runs are together.
pub struct Together {
    /// As one run over all of their tasks, sites, levels and seeds would give it.
    pub outcome: Outcome,
    /// The run, of those given, that each of its networks is of.
    pub sources: Vec<usize>,
    /// Networks that are in no run as that one run would have tested them.
    pub left_out: usize,
}

/// The study that `runs` make. A network that several of them trained counts once. Networks without
/// training noise are tested in units of the smallest training noise of their run: where that is not
/// the smallest of all, they are left out. Closed forms are those of one run, times the sums over
/// runs.
///
/// # Errors
/// The losses of some networks cannot be put together.
///
/// # Panics
/// Without runs.
pub fn together(runs: &[Run<'_>]) -> Result<Together> {
    let first = runs.iter().min_by_key(|run| run.outcome.seed).expect("a run");
    let mut settings = first.settings.clone();
    let all = || runs.iter().map(|run| run.settings);
    settings.learn = once(all().flat_map(|one| one.learn.iter().copied()));
    settings.noise.sites = once(all().flat_map(|one| one.noise.sites.iter().copied()));
    settings.noise.levels = once(all().flat_map(|one| one.noise.levels.iter().copied()));
    settings.noise.levels.sort_by(f64::total_cmp);
    let mut found: Vec<(usize, &Network)> = Vec::new();
    for (source, run) in runs.iter().enumerate() {
        found.extend(run.outcome.networks.iter().map(|network| (source, network)));
    }
    let kinds = |found: &[(usize, &Network)]| {
        let places = found.iter().map(|(_, network)| place(&settings, network));
        places.collect::<BTreeSet<_>>().len()
    };
    let trained = kinds(&found);
    found.retain(|(source, network)| {
        network.level > 0.0 || runs[*source].settings.unit(0.0) == settings.unit(0.0)
    });
    let left_out = trained - kinds(&found);
    // Of two of a kind the first stays.
    found.sort_by_key(|(_, network)| place(&settings, network));
    found.dedup_by_key(|(_, network)| place(&settings, network));
    let (sources, networks): (Vec<usize>, Vec<Network>) =
        found.into_iter().map(|(source, network)| (source, network.clone())).unzip();
    let seeds = once(networks.iter().map(|network| network.seed));
    settings.noise.networks = seeds.len();
    settings.noise.levels.retain(|level| networks.iter().any(|one| one.level == *level));
    let groups = groups::groups(&networks, &settings)?;
    let members = groups.iter().map(|group| group.networks);
    let members = [members.clone().min(), members.max()].map(Option::unwrap_or_default);
    let outcomes = || runs.iter().map(|run| run.outcome);
    let mut tasks = Vec::new();
    for task in &settings.learn {
        tasks.extend(outcomes().flat_map(|one| &one.tasks).find(|about| about.task == *task));
    }
    let outcome = Outcome {
        version: once(outcomes().map(|one| one.version.as_str())).join("; "),
        device: device(outcomes().map(|one| &one.device)),
        tasks: tasks.into_iter().cloned().collect(),
        groups,
        networks,
        maze: outcomes().find_map(|one| one.maze.clone()),
        methods: methods::sentences(&settings, members),
        settings: written(&settings, &seeds, runs.len()),
        seconds: seconds(outcomes()),
        ..first.outcome.clone()
    };
    Ok(Together { outcome, sources, left_out })
}

/// Where a network stands in its run: by task, site, training noise and seed.
fn place(settings: &Settings, network: &Network) -> (Option<usize>, Option<usize>, u64, u64) {
    let task = settings.learn.iter().position(|name| *name == network.task);
    let site = settings.noise.sites.iter().position(|site| *site == network.site);
    // The bits of numbers that are not negative are in their order.
    (task, site, network.level.to_bits(), network.seed)
}

/// `settings` as TOML, the seeds in a comment: they need not follow one another.
fn written(settings: &Settings, seeds: &[u64], runs: usize) -> String {
    let seeds: Vec<String> = seeds.iter().map(u64::to_string).collect();
    let text = toml::to_string(settings).expect("settings are plain data");
    format!("# {runs} runs together, networks of the seeds {}\n{text}", seeds.join(", "))
}

/// Seconds of each part, summed over runs.
fn seconds<'a>(runs: impl Iterator<Item = &'a Outcome>) -> Vec<(String, f64)> {
    let mut sums: Vec<(String, f64)> = Vec::new();
    for (name, seconds) in runs.flat_map(|run| &run.seconds) {
        match sums.iter_mut().find(|sum| sum.0 == *name) {
            Some(sum) => sum.1 += seconds,
            None => sums.push((name.clone(), *seconds)),
        }
    }
    sums
}

/// One device, or the names of several.
fn device<'a>(devices: impl Iterator<Item = &'a Device> + Clone) -> Device {
    let names = |name: fn(&Device) -> &str| once(devices.clone().map(name)).join("; ");
    Device {
        name: names(|device| &device.name),
        backend: names(|device| &device.backend),
        kind: names(|device| &device.kind),
        driver: names(|device| &device.driver),
    }
}

/// Each item once, where it is first.
fn once<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut all = Vec::new();
    items.for_each(|item| all.extend((!all.contains(&item)).then_some(item)));
    all
}
