//! What the paper claims, beside what this run found; nothing is left out.
//!
//! Place in the flow: kinds -> lines of the page. A verdict needs an interval over networks, or all
//! networks on one side; where that does not tell, it is `not clear`. No direction is presumed.

use std::fmt;

use super::kinds::{Kind, NEAR, Shift, digits, estimate, estimate_digits, level_of, mean, places};
use crate::analysis::noise::Site;
use crate::analysis::noise::preference::Estimate;
use crate::datasets::tasks::Name;
use crate::experiments::noise_preference::found::{Network, Point, Stationary};
use crate::report::paper::Source;

/// Preferred over training noise that is called "about 1".
const ABOUT: [f64; 2] = [0.8, 1.25];
/// Preferred over training noise that is called "none".
const NOTHING: f64 = 0.1;
/// Theory explains a shift where it gives it to this share, or to within [`NEAR`] standard errors.
const EXPLAINED: f64 = 0.1;
/// A shift that is below this share of the noise, [`NEAR`] standard errors and all, is none.
const UNMOVED: f64 = 0.01;

/// The paper whose claims are tested.
pub(in crate::report) const PAPER: Source = Source {
    citation: "Eckstein, Srinivasan: Paradoxical noise preference in RNNs. Transactions on Machine \
         Learning Research (2026); arXiv 2601.04539.",
    of: "the model, the tasks' kinds and the claims tested here",
    address: "https://arxiv.org/abs/2601.04539",
};

/// How verdicts are given.
pub(super) const RULES: &str = "Preferred over training noise is about 1 where its 95 % interval \
     over networks lies between 0.8 and 1.25, none where it lies below 0.1. A loss without noise \
     is greater where the interval of loss(0)/loss(s), s the training noise, lies above 1 \
     (loss(0)/loss(preferred) is never below 1, and says nothing by lying above it); a bias is left \
     where the interval of what bias² loses from no noise to the training noise, over loss(s), lies \
     above 0. Where \
     there is no interval, all networks have to agree: there is a shift where it lies above a \
     hundredth of the noise by 4 standard errors of its simulation, and none where it lies below by \
     as many; it is explained where the moment closure gives it to a tenth or to 4 standard errors; \
     no noise is preferred where it is at most a tenth of the noise that detects best. What \
     intervals do not tell, or one network alone, is not clear.";

/// What is seen of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Seen,
    NotSeen,
    NotClear,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Seen => "seen",
            Self::NotSeen => "not seen",
            Self::NotClear => "not clear",
        })
    }
}

/// One claim about one task.
pub(super) struct Claim {
    pub task: Name,
    /// What the paper says.
    pub paper: &'static str,
    /// What is seen here, a training noise each: the noise, in figures, the verdict.
    pub here: Vec<(f64, String, Verdict)>,
}

impl Claim {
    /// A line per training noise: `s = 0.2: 0.91 [0.90, 0.93]`.
    pub fn figures(&self) -> Vec<String> {
        let one = |(level, figures, _): &(f64, String, Verdict)| match level {
            0.0 => figures.clone(),
            level => format!("s = {}: {figures}", level_of(*level)),
        };
        self.here.iter().map(one).collect()
    }

    /// The verdict; noise by noise where they differ.
    pub fn verdict(&self) -> String {
        let mut found: Vec<(Verdict, Vec<String>)> = Vec::new();
        for (level, _, verdict) in &self.here {
            match found.iter_mut().find(|(one, _)| one == verdict) {
                Some((_, levels)) => levels.push(level_of(*level)),
                None => found.push((*verdict, vec![level_of(*level)])),
            }
        }
        match found.as_slice() {
            [(verdict, _)] => verdict.to_string(),
            found => {
                let one = |(verdict, levels): &(Verdict, Vec<String>)| {
                    format!("{verdict} at {}", levels.join(", "))
                };
                found.iter().map(one).collect::<Vec<_>>().join("; ")
            }
        }
    }
}

/// What is seen of a claim in one kind of networks: in figures, and the verdict; `None` where it
/// has nothing to say to it.
type Judge = fn(&Kind<'_>) -> Option<(String, Verdict)>;

/// The claims: what the paper says, of which site, and how it is judged.
const CLAIMS: [(&str, Site, Judge); 6] = [
    (
        "Noise inside: networks do best at about the noise of their training, where that is large \
         enough (preferred over training noise about 1)",
        Site::Inside,
        |kind| ratio(kind, about_one),
    ),
    (
        "Noise outside: networks do best without noise (preferred over training noise 0)",
        Site::Outside,
        |kind| ratio(kind, nothing),
    ),
    (
        "Noise inside: without the noise of its training a network does worse (loss(0) over loss(s) \
         above 1)",
        Site::Inside,
        worse,
    ),
    ("Cause: noise inside shifts the fixed points", Site::Inside, shifted),
    (
        "Cause: training undoes the shift at its noise, so that a bias is left without noise",
        Site::Inside,
        biased,
    ),
    (
        "It is not stochastic resonance (here: networks trained without noise prefer none, though \
         some noise shows them a weak signal best)",
        Site::Inside,
        no_resonance,
    ),
];

/// All claims, one by one, a line per task that has something to say to it.
pub(super) fn claims(kinds: &[Kind<'_>]) -> Vec<Claim> {
    let tell = |&(paper, site, judge): &(&'static str, Site, Judge)| {
        let of_task = move |kinds: &[Kind<'_>]| {
            let told = |kind: &Kind<'_>| {
                let (figures, verdict) = judge(kind)?;
                Some((kind.level, figures, verdict))
            };
            Claim { task: kinds[0].task, paper, here: kinds.iter().filter_map(told).collect() }
        };
        let of_site = places(kinds).into_iter().filter(move |kinds| kinds[0].site == site);
        of_site.map(of_task).collect::<Vec<_>>()
    };
    CLAIMS.iter().flat_map(tell).filter(|claim| !claim.here.is_empty()).collect()
}

fn ratio(kind: &Kind<'_>, judge: fn(Estimate) -> Verdict) -> Option<(String, Verdict)> {
    let ratio = kind.group?.ratio?;
    (kind.level > 0.0).then(|| (estimate(Some(ratio), 2), judge(ratio)))
}

fn worse(kind: &Kind<'_>) -> Option<(String, Verdict)> {
    let ratio = kind.group?.still_ratio?;
    (kind.level > 0.0).then(|| (estimate_digits(Some(ratio)), beyond(ratio, 1.0)))
}

/// Whether preferred is about training noise.
pub(super) fn about_one(ratio: Estimate) -> Verdict {
    match ratio.interval {
        Some([low, high]) if low >= ABOUT[0] && high <= ABOUT[1] => Verdict::Seen,
        Some([low, high]) if high < ABOUT[0] || low > ABOUT[1] => Verdict::NotSeen,
        _ => Verdict::NotClear,
    }
}

/// Whether none is preferred.
pub(super) fn nothing(ratio: Estimate) -> Verdict {
    match ratio.interval {
        Some([_, high]) if high <= NOTHING => Verdict::Seen,
        Some([low, _]) if low > NOTHING => Verdict::NotSeen,
        _ => Verdict::NotClear,
    }
}

/// Whether it is greater than `bound`.
fn beyond(found: Estimate, bound: f64) -> Verdict {
    match found.interval {
        Some([low, _]) if low > bound => Verdict::Seen,
        Some([_, high]) if high <= bound => Verdict::NotSeen,
        _ => Verdict::NotClear,
    }
}

/// All on one side, of two networks or more.
fn unanimous(votes: &[bool]) -> Verdict {
    match votes {
        [] | [_] => Verdict::NotClear,
        votes if votes.iter().all(|vote| *vote) => Verdict::Seen,
        votes if votes.iter().all(|vote| !*vote) => Verdict::NotSeen,
        _ => Verdict::NotClear,
    }
}

fn shifted(kind: &Kind<'_>) -> Option<(String, Verdict)> {
    let states = kind.trained();
    if kind.level == 0.0 || states.is_empty() {
        return None;
    }
    let (simulated, closure) = Shift::OfUnits.words(&states)?;
    let figures = match closure {
        Some(closure) => format!("{simulated} (closure {})", digits(closure)),
        None => format!("{simulated} (the closure finds no state)"),
    };
    let votes = |of: fn(&Stationary, f64) -> bool| {
        unanimous(&states.iter().map(|one| of(one, kind.level)).collect::<Vec<_>>())
    };
    let verdict = match (votes(explained), votes(unmoved)) {
        (Verdict::Seen, _) => Verdict::Seen,
        (_, Verdict::Seen) => Verdict::NotSeen,
        _ => Verdict::NotClear,
    };
    Some((format!("rms shift {figures}"), verdict))
}

/// Whether the units' means shift and theory says how far.
fn explained(states: &Stationary, level: f64) -> bool {
    let (shift, error, closure) = Shift::OfUnits.of(states);
    let reach = NEAR * error.unwrap_or(0.0);
    let by = |closure: f64| (closure - shift).abs() <= reach.max(EXPLAINED * shift);
    shift - reach >= UNMOVED * level && closure.is_some_and(by)
}

/// Whether the units' means stay where they are.
fn unmoved(states: &Stationary, level: f64) -> bool {
    let (shift, error, _) = Shift::OfUnits.of(states);
    shift + NEAR * error.unwrap_or(0.0) < UNMOVED * level
}

fn biased(kind: &Kind<'_>) -> Option<(String, Verdict)> {
    let left = kind.group?.bias_left.filter(|_| kind.level > 0.0)?;
    let ends = |network: &&Network| Some((first(network)?.bias, nearest(network)?.bias));
    let found: Vec<(f64, f64)> = kind.networks.iter().filter_map(ends).collect();
    let still = mean(found.iter().map(|ends| ends.0))?;
    let trained = mean(found.iter().map(|ends| ends.1))?;
    let figures = format!(
        "bias² {} to {}, by {} loss(s)",
        digits(still),
        digits(trained),
        estimate_digits(Some(left))
    );
    Some((figures, beyond(left, 0.0)))
}

fn no_resonance(kind: &Kind<'_>) -> Option<(String, Verdict)> {
    if kind.level != 0.0 {
        return None;
    }
    let best = |network: &&Network| {
        Some((network.preferred.value, network.resonance.as_ref()?.best?.noise))
    };
    let found: Vec<(f64, f64)> = kind.networks.iter().filter_map(best).collect();
    let preferred = mean(found.iter().map(|one| one.0))?;
    let detecting = mean(found.iter().map(|one| one.1))?;
    let votes: Vec<bool> = (found.iter())
        .map(|(preferred, best)| *best > 0.0 && *preferred <= NOTHING * best)
        .collect();
    let figures = format!("preferred {}, best detecting {}", digits(preferred), digits(detecting));
    Some((figures, unanimous(&votes)))
}

/// A network's point without noise.
fn first(network: &Network) -> Option<&Point> {
    network.curve.first().filter(|point| point.noise == 0.0)
}

/// A network's point at its training noise.
fn nearest(network: &Network) -> Option<&Point> {
    let distance = |point: &&Point| (point.noise - network.level).abs();
    network.curve.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(judge: fn(Estimate) -> Verdict, interval: [f64; 2]) -> Verdict {
        judge(Estimate { value: 0.5 * (interval[0] + interval[1]), interval: Some(interval) })
    }

    #[test]
    fn a_verdict_needs_the_whole_interval_on_one_side() {
        use Verdict::{NotClear, NotSeen, Seen};
        for (judge, seen, not_seen, open) in [
            (about_one as fn(Estimate) -> Verdict, [0.8, 1.25], [0.2, 0.79], [0.5, 1.0]),
            (about_one, [0.95, 1.05], [1.3, 2.0], [0.5, 2.0]),
            (nothing, [0.0, 0.1], [0.11, 0.9], [0.0, 0.9]),
            (|ratio| beyond(ratio, 1.0), [1.001, 1.4], [0.7, 1.0], [0.9, 1.4]),
        ] {
            let found = [seen, not_seen, open].map(|interval| judged(judge, interval));
            assert_eq!(found, [Seen, NotSeen, NotClear], "{seen:?} {not_seen:?} {open:?}");
            assert_eq!(judge(Estimate { value: seen[0], interval: None }), NotClear);
        }
        let votes = [vec![true, true], vec![false, false], vec![true, false], vec![true], vec![]];
        let found = votes.map(|votes| unanimous(&votes));
        assert_eq!(found, [Seen, NotSeen, NotClear, NotClear, NotClear]);
    }

    /// Two networks trained with noise inside at `level`, as a run has kept one of them.
    fn told(level: f64, judge: Judge, found: serde_json::Value) -> Option<(String, Verdict)> {
        let mut network = serde_json::json!({
            "task": "regulator", "site": "inside", "level": level, "seed": 1, "course": [],
            "curve": [], "preferred": {"value": 0.0, "interval": null}, "ratio": null,
            "gain": null, "mechanism": null, "colours": [], "resonance": null, "walks": [],
            "neuron": null, "seconds": [0.0, 0.0],
        });
        let fields = found.as_object().expect("fields").clone();
        network.as_object_mut().expect("an object").extend(fields);
        let network: Network = serde_json::from_value(network).expect("a network");
        let networks = vec![&network, &network];
        let (task, site) = (Name::Regulator, Site::Inside);
        judge(&Kind { task, site, level, unit: 0.2, colour: 0, networks, group: None })
    }

    /// What is told of a shift at s = 0.2: its value, standard error and the closure's.
    fn of_shift(shift: f64, error: Option<f64>, closure: Option<f64>) -> (String, Verdict) {
        let mut level = serde_json::json!({
            "noise": 0.2, "shift": shift, "shift_closure": closure, "output": shift,
            "output_closure": closure, "variance": 0.01, "variance_closure": 0.01, "agree": 1.0,
        });
        if let Some(error) = error {
            level["shift_error"] = error.into();
        }
        let mechanism = serde_json::json!({"levels": [level], "shifts": [], "examples": []});
        let found = serde_json::json!({"mechanism": mechanism});
        told(0.2, shifted, found).expect("a shift")
    }

    #[test]
    fn no_shift_and_a_shift_are_found() {
        use Verdict::{NotClear, NotSeen, Seen};
        let kink = 0.3989 * 0.2;
        for (shift, error, closure, wanted) in [
            // A linear unit: no shift, in theory nor beyond the error.
            (0.0003, Some(0.0002), Some(8.5e-9), NotSeen),
            (0.0, Some(0.0002), None, NotSeen),
            // Too few realisations to tell.
            (0.0, Some(0.0018), Some(8.5e-9), NotClear),
            // A unit at the kink.
            (kink, Some(0.001), Some(kink), Seen),
            (kink, Some(0.001), Some(1.09 * kink), Seen),
            (kink, Some(0.001), Some(1.11 * kink), NotClear),
            (kink, Some(0.001), None, NotClear),
            // A tenth of a small shift is less than what its simulation is sure of.
            (0.01, Some(0.001), Some(0.0138), Seen),
            (0.01, Some(0.001), Some(0.0142), NotClear),
            // As runs of before kept it, with the sampling error in it.
            (0.00337, None, Some(8.5e-9), NotClear),
        ] {
            let (figures, found) = of_shift(shift, error, closure);
            assert_eq!(found, wanted, "{shift} {error:?} {closure:?}: {figures}");
        }
        let figures = of_shift(kink, Some(0.001), Some(kink)).0;
        // Two networks know it better than one by the root of two.
        assert_eq!(figures, "rms shift 0.0798 ± 0.00071 (closure 0.0798)");
    }

    #[test]
    fn resonance_is_told_from_none() {
        let found = |preferred: f64, best: Option<f64>| {
            let best = best.map(|noise| serde_json::json!({"noise": noise, "area": 0.7}));
            told(
                0.0,
                no_resonance,
                serde_json::json!({
                    "preferred": {"value": preferred, "interval": null},
                    "resonance": {"lowered": 0.3, "signal": 0.1, "detections": [], "best": best},
                }),
            )
            .map(|told| told.1)
        };
        assert_eq!(found(0.0, Some(0.5)), Some(Verdict::Seen));
        assert_eq!(found(0.05, Some(0.5)), Some(Verdict::Seen));
        // A network that prefers the noise that detects best.
        assert_eq!(found(0.5, Some(0.5)), Some(Verdict::NotSeen));
        // No noise detects better than any: there is no resonance that could be the cause.
        assert_eq!(found(0.0, Some(0.0)), Some(Verdict::NotSeen));
        assert_eq!(found(0.0, None), None);
    }
}
