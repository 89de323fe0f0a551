//! A made-up outcome of the noise-preference study; its figures are of no run.

use noisescope::analysis::noise::detect::Detection;
use noisescope::analysis::noise::distance::Distances;
use noisescope::analysis::noise::preference::Estimate;
use noisescope::analysis::noise::{Nonlinearity, Site};
use noisescope::datasets::tasks::Name;
use noisescope::experiments::noise_preference::found::{
    About, Check, Colour, Distance, Group, Histogram, MazeDrawing, Mechanism, Network, Outcome,
    Point, Regulator, Resonance, Stationary, UnitCourse, Walks,
};
use noisescope::experiments::outcome::Device;

pub const LEVELS: [f64; 3] = [0.0, 0.2, 1.0];
pub const SITES: [Site; 2] = [Site::Inside, Site::Outside];

pub fn estimate(value: f64, half: f64) -> Option<Estimate> {
    Some(Estimate { value, interval: Some([value - half, value + half]) })
}

/// A loss with its least at `preferred`.
pub fn point(noise: f64, unit: f64, preferred: f64) -> Point {
    let bias = 0.001 + 0.16 * (noise - preferred).powi(2);
    let variance = 0.002 * noise * noise;
    Point {
        noise,
        loss: bias + variance,
        error: 0.0001,
        bias,
        variance,
        shift: 0.4 * noise,
        score: Some(0.9 - 0.1 * noise / unit),
    }
}

pub fn mechanism(noises: &[f64], level: f64) -> Mechanism {
    let stationary = |&noise: &f64| Stationary {
        noise,
        shift: 0.3989 * noise,
        shift_error: Some(0.001 * noise),
        shift_closure: Some(0.4 * noise),
        output: 0.2 * noise,
        output_error: Some(0.002 * noise),
        output_closure: Some(0.21 * noise),
        variance: 0.018 * noise * noise,
        variance_closure: Some(0.018 * noise * noise),
        agree: Some(0.97),
    };
    let course =
        |&noise: &f64| [0.5 + 0.4 * noise, 0.02 * noise, 0.5 + 0.41 * noise, 0.021 * noise];
    Mechanism {
        levels: noises.iter().map(stationary).collect(),
        shifts: (0..40).map(|at| f64::from(at) * 0.01).map(|x| [x, 1.02 * x, 0.7 * x]).collect(),
        examples: vec![UnitCourse {
            unit: 17,
            input: -0.5,
            courses: noises.iter().map(course).collect(),
            histogram: (level > 0.0).then(|| Histogram {
                low: 0.5,
                width: 0.1 * level,
                counts: vec![1, 20, 60, 50, 10, 0],
            }),
        }],
    }
}

pub fn network(task: Name, site: Site, level: f64, seed: u64) -> Network {
    let unit = if level > 0.0 { level } else { 0.2 };
    let noises: Vec<f64> = (0..=8).map(|step| 0.25 * f64::from(step) * unit).collect();
    let preferred = if site == Site::Inside { 0.95 * level } else { 0.0 };
    let recurrent = task != Name::Regulator;
    let colour = |&noise: &f64| Colour {
        noise,
        units: 64,
        beta: [0.83, 0.11],
        local: [1.21, 0.12],
        spectral: Some(0.79),
        spectrum: vec![[0.01, 9.0], [0.1, 1.0], [0.4, 0.2]],
        without_feedback: 0.614,
    };
    let walks = |&noise: &f64| Walks {
        noise,
        reached: 0.37 + 0.05 * noise,
        length: Some(1.31),
        collisions: 2.5 + noise,
        paths: match noise == 0.0 || noise == level {
            true => vec![vec![[0.5, 0.5], [0.75, 0.5], [1.5, 0.5 + noise as f32 / 4.0]]; 3],
            false => Vec::new(),
        },
    };
    let detection =
        |noise: f64| Detection { noise, d_prime: Some(noise * (-noise).exp()), area: 0.6 };
    let detections: Vec<Detection> = [0.0, 0.5, 1.0, 2.0].map(detection).to_vec();
    Network {
        task,
        site,
        level,
        seed,
        course: (1..=4).map(|epoch| [0.5 / f64::from(epoch), 0.6 / f64::from(epoch)]).collect(),
        curve: noises.iter().map(|&noise| point(noise, unit, preferred)).collect(),
        preferred: Estimate { value: preferred, interval: Some([preferred, preferred]) },
        ratio: (level > 0.0).then(|| Estimate { value: preferred / level, interval: None }),
        gain: estimate(1.9, 0.1),
        mechanism: recurrent.then(|| mechanism(&noises, level)),
        distance: (level > 0.0).then_some(Distance {
            in_noise: Distances { median: 0.731 / level, within: 0.625, counted: 320 },
            in_deviations: Some(Distances { median: 6.54, within: 0.125, counted: 320 }),
        }),
        colours: match task {
            Name::Function => noises[1..].iter().map(colour).collect(),
            _ => Vec::new(),
        },
        resonance: (level == 0.0 && site == Site::Inside && recurrent).then(|| Resonance {
            lowered: 0.3,
            signal: 0.1,
            best: Some(detections[2]),
            detections,
        }),
        walks: match task {
            Name::Maze => noises.iter().map(walks).collect(),
            _ => Vec::new(),
        },
        neuron: (!recurrent && level > 0.0).then_some(Regulator {
            trained: [-0.741, 0.333],
            loss: 0.0217,
            preferred: 0.88 * level,
            best: [-0.752, 0.341],
            best_loss: 0.0207,
            best_preferred: 0.904 * level,
        }),
        seconds: [1.5, 0.5],
    }
}

pub fn group(task: Name, site: Site, level: f64) -> Group {
    let ratio = if site == Site::Inside { estimate(0.951, 0.034) } else { estimate(0.0, 0.0) };
    Group {
        task,
        site,
        level,
        networks: 2,
        preferred: if site == Site::Inside {
            estimate(0.951 * level, 0.034)
        } else {
            estimate(0.0, 0.0)
        },
        ratio: ratio.filter(|_| level > 0.0),
        gain: if site == Site::Inside { estimate(12.34, 1.5) } else { estimate(1.0, 0.0) },
        loss: 0.00312,
        still: 0.0417,
        // Noise outside: no worse without noise, by an interval about 1.
        still_ratio: match site {
            Site::Inside => estimate(12.21, 1.5),
            Site::Outside => estimate(0.92, 0.1),
        },
        bias_left: estimate(if site == Site::Inside { 11.4 } else { 0.01 }, 0.3),
        bias_share: Some(0.257),
        distance: (level > 0.0).then_some(0.731),
    }
}

/// A whole outcome: three tasks, both sites, two networks of each kind.
pub fn outcome() -> Outcome {
    let tasks = [Name::Function, Name::Regulator, Name::Maze];
    let (mut networks, mut groups) = (Vec::new(), Vec::new());
    for task in tasks {
        for site in SITES {
            for level in LEVELS {
                networks.extend([1, 2].map(|seed| network(task, site, level, seed)));
                groups.push(group(task, site, level));
            }
        }
    }
    let about = |task: Name| About {
        task,
        inputs: 1,
        units: if task == Name::Regulator { 1 } else { 64 },
        outputs: 1,
        steps: 60,
        rate: 0.1,
        measure: (task == Name::Maze).then(|| "share that arrives".into()),
    };
    Outcome {
        experiment: "noise-preference".into(),
        seed: 20_260_104,
        version: "0.1.0".into(),
        libraries: vec![("burn".into(), "0.22.1".into())],
        device: Device {
            name: "Made-up Device 9000".into(),
            backend: "vulkan".into(),
            kind: "discrete GPU".into(),
            driver: "Made-up driver 1.2".into(),
        },
        nonlinearity: Nonlinearity::Relu,
        tasks: tasks.map(about).to_vec(),
        networks,
        groups,
        checks: vec![
            check("mean of a relu unit at 0, noise inside, g = 1", 0.19947, 0.2011, 0.0011),
            check("variance of a relu unit", 0.0852, 0.0904, 0.001),
        ],
        maze: Some(MazeDrawing {
            size: [3, 2],
            walls: vec![[[0.0, 0.0], [3.0, 0.0]], [[1.0, 1.0], [2.0, 1.0]]],
            goal: [2.5, 1.5],
        }),
        methods: vec!["Adam & noise of a < b.".into()],
        settings: "seed = 20260104\n".into(),
        seconds: vec![("closed forms".into(), 3.2), ("task function".into(), 152.0)],
    }
}

pub fn check(what: &str, theory: f64, simulated: f64, error: f64) -> Check {
    Check { what: what.into(), theory, simulated, error }
}

/// The same without anything that may be missing.
pub fn bare() -> Outcome {
    let mut bare = outcome();
    for network in &mut bare.networks {
        (network.ratio, network.gain, network.mechanism) = (None, None, None);
        (network.resonance, network.neuron, network.distance) = (None, None, None);
        network.preferred.interval = None;
        network.colours.clear();
        network.walks.clear();
        network.course.clear();
        network.curve.iter_mut().for_each(|point| point.score = None);
    }
    for group in &mut bare.groups {
        (group.preferred, group.ratio, group.gain, group.distance) = (None, None, None, None);
    }
    bare.tasks.iter_mut().for_each(|about| about.measure = None);
    bare.checks.clear();
    bare.seconds.clear();
    bare.methods.clear();
    bare.maze = None;
    bare
}
