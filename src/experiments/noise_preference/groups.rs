//! Networks of one task, site and training noise together.
//!
//! Place in the flow: networks in, a [`Group`] for every kind out, with intervals over networks: how
//! much networks differ, which no number of draws of the noise tells.

use super::found::{Group, Network, Point};
use super::settings::Settings;
use crate::analysis::noise::preference::over_networks;
use crate::error::Result;

/// A group per task, site and training noise, in the order of the networks.
pub(super) fn groups(networks: &[Network], settings: &Settings) -> Result<Vec<Group>> {
    let kind = |network: &Network| (network.task, network.site, network.level);
    let mut groups: Vec<Group> = Vec::new();
    for first in networks {
        if groups.iter().any(|group| (group.task, group.site, group.level) == kind(first)) {
            continue;
        }
        let members: Vec<&Network> =
            networks.iter().filter(|network| kind(network) == kind(first)).collect();
        groups.push(group(&members, settings)?);
    }
    Ok(groups)
}

fn group(members: &[&Network], settings: &Settings) -> Result<Group> {
    let first = members[0];
    let over = |name: &str, value: &dyn Fn(&Network) -> Option<f64>| {
        let values: Option<Vec<f64>> = members.iter().map(|network| value(network)).collect();
        over_networks(&values.unwrap_or_default(), settings.test.seed, name)
    };
    let mean = |value: &dyn Fn(&Network) -> f64| {
        members.iter().map(|network| value(network)).sum::<f64>() / members.len() as f64
    };
    let trained = |network: &Network| -> Point { *network.at(first.level) };
    let distances: Option<Vec<f64>> =
        members.iter().map(|network| Some(network.distance?.in_noise.median)).collect();
    Ok(Group {
        task: first.task,
        site: first.site,
        level: first.level,
        networks: members.len(),
        preferred: over("preferred", &|network| Some(network.preferred.value))?
            .map(|found| found.at_least(0.0)),
        ratio: over("ratio", &|network| Some(network.ratio?.value))?
            .map(|found| found.at_least(0.0)),
        gain: over("gain", &|network| Some(network.gain?.value))?.map(|found| found.at_least(1.0)),
        still_ratio: over("still", &|network| {
            Some(network.curve[0].loss / trained(network).loss).filter(|ratio| ratio.is_finite())
        })?
        .map(|found| found.at_least(0.0)),
        bias_left: over("bias", &|network| {
            let trained = trained(network);
            let left = (network.curve[0].bias - trained.bias) / trained.loss;
            Some(left).filter(|left| left.is_finite())
        })?,
        loss: mean(&|network| trained(network).loss),
        still: mean(&|network| network.curve[0].loss),
        bias_share: mean(&|network| trained(network).bias / trained(network).loss),
        distance: distances
            .map(|all| all.iter().sum::<f64>() / all.len() as f64)
            .filter(|distance| distance.is_finite()),
    })
}
