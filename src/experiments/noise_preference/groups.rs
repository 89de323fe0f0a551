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
    let highest = settings.test.grid.last().copied().unwrap_or(f64::INFINITY);
    let distances: Option<Vec<f64>> =
        members.iter().map(|network| Some(network.distance?.in_noise.median)).collect();
    Ok(Group {
        task: first.task,
        site: first.site,
        level: first.level,
        networks: members.len(),
        preferred: over("preferred", &|network| Some(network.preferred.value))?
            .map(|found| found.within(0.0, highest * settings.unit(first.level))),
        ratio: over("ratio", &|network| Some(network.ratio?.value))?
            .map(|found| found.within(0.0, highest)),
        gain: over("gain", &|network| Some(network.gain?.value))?
            .map(|found| found.within(1.0, f64::INFINITY)),
        still_ratio: over("still", &|network| {
            Some(network.curve[0].loss / trained(network).loss).filter(|ratio| ratio.is_finite())
        })?
        .map(|found| found.within(0.0, f64::INFINITY)),
        bias_left: over("bias", &|network| {
            let trained = trained(network);
            let left = (network.curve[0].bias - trained.bias) / trained.loss;
            Some(left).filter(|left| left.is_finite())
        })?,
        loss: mean(&|network| trained(network).loss),
        still: mean(&|network| network.curve[0].loss),
        bias_share: Some(mean(&|network| trained(network).bias / trained(network).loss))
            .filter(|share| share.is_finite()),
        distance: distances
            .map(|all| all.iter().sum::<f64>() / all.len() as f64)
            .filter(|distance| distance.is_finite()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A network of the function, noise inside, seed 1, with a loss at 0 and at its training noise 1.
    fn network(losses: [f64; 2], preferred: f64) -> Network {
        let point = |noise: f64| {
            let loss = losses[noise as usize];
            serde_json::json!({
                "noise": noise, "loss": loss, "error": 0.0, "bias": loss, "variance": 0.0, "shift": 0.0
            })
        };
        let found = serde_json::json!({
            "task": "function", "site": "inside", "level": 1.0, "seed": 1, "course": [],
            "curve": [point(0.0), point(1.0)], "preferred": {"value": preferred},
            "ratio": {"value": preferred}, "colours": [], "walks": [], "seconds": [0.0, 0.0]
        });
        serde_json::from_value(found).expect("a network")
    }

    #[test]
    fn what_is_undefined_survives_its_file() {
        let found = groups(&[network([0.0, 0.0], 0.0)], &Settings::default()).expect("a group");
        assert_eq!((found[0].bias_share, found[0].still_ratio), (None, None));
        let text = serde_json::to_string(&found).expect("JSON");
        let again: Vec<Group> = serde_json::from_str(&text).expect("groups");
        assert_eq!(again[0].bias_share, None);
        assert_eq!(again[0].loss, 0.0);
    }

    #[test]
    fn intervals_end_where_the_test_s_grid_does() {
        let networks = [network([1.0, 2.0], 0.0), network([2.0, 1.0], 1.0)];
        let mut settings = Settings::default();
        settings.test.grid = vec![0.0, 1.0];
        let found = groups(&networks, &settings).expect("a group");
        let ratio = found[0].ratio.expect("a ratio");
        assert_eq!((ratio.value, ratio.interval), (0.5, Some([0.0, 1.0])));
    }
}
