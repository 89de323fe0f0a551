//! Readings in, exponents out: gathers batch after batch and writes one CSV row per trace; of a trace
//! only beta and standard deviation stay in memory.
//!
//! Three aggregations (what a brain study would call single units, pooled units and a field
//! signal): **unit**, each trace by itself; **pooled**, per review the mean over units of F(n)² and
//! one fit to its root; **population**, per review the DFA of the mean over units.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use super::outcome::{ExponentSummary, Fluctuation, Histogram, Utilisation};
use super::readings::Readings;
use crate::analysis::dfa::{self, DfaPlan, Exponent, Measured, Status};
use crate::error::{Error, Result};
use crate::files::Partial;

/// The histograms' lower edge, bin width and number of bins: beta from -1 to 3.
const BINS: (f64, f64, usize) = (-1.0, 0.1, 40);

/// What traces are of: `hidden` when `trained`, say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// `input`, `f`, `i`, `o`, `candidate`, `cell` or `hidden`.
    pub quantity: &'static str,
    /// `trained` or `untrained`.
    pub condition: &'static str,
}

/// What was found of all subjects.
#[derive(Debug, Default)]
pub struct Found {
    /// One entry per subject and aggregation.
    pub exponents: Vec<ExponentSummary>,
    /// The same, where any exponent is defined.
    pub histograms: Vec<Histogram>,
    /// The same.
    pub fluctuations: Vec<Fluctuation>,
    /// One entry per subject.
    pub utilisation: Vec<Utilisation>,
    /// What the user should know of how it went, each line once.
    pub notes: BTreeSet<String>,
}

/// Gathers what is found.
pub struct Gatherer {
    plan: DfaPlan,
    table: csv::Writer<BufWriter<File>>,
    partial: Partial,
    table_path: PathBuf,
    groups: Vec<Group>,
    motions: Vec<Motion>,
    notes: BTreeSet<String>,
}

impl Gatherer {
    /// Gathers what is measured by `plan`, with one row per trace in a new file `table`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn new(plan: DfaPlan, table: &Path) -> Result<Self> {
        let partial = Partial::create(table)?;
        let mut gatherer = Self {
            plan,
            table: csv::Writer::from_writer(BufWriter::new(partial.file()?)),
            partial,
            table_path: table.to_owned(),
            groups: Vec::new(),
            motions: Vec::new(),
            notes: BTreeSet::new(),
        };
        gatherer.write(&[
            "condition",
            "quantity",
            "aggregation",
            "review",
            "unit",
            "alpha",
            "beta",
            "alpha_stderr_ols",
            "sd",
            "status",
        ])?;
        Ok(gatherer)
    }

    /// Adds what was found of one quantity of `reviews`.
    ///
    /// # Errors
    /// The table cannot be written.
    pub fn add(&mut self, subject: Subject, reviews: &[usize], readings: &Readings) -> Result<()> {
        let Readings { unit, population, spreads, population_spreads } = readings;
        let units = unit.exponents.len() / reviews.len();
        let pooled = pool(unit, units, &self.plan);
        self.notes.extend([unit, population].into_iter().flat_map(|m| m.notes.iter().cloned()));

        self.motion(subject).add(spreads, &unit.exponents);
        for (aggregation, measured) in
            [("unit", unit), ("pooled", &pooled), ("population", population)]
        {
            let group = self.group(subject, aggregation);
            for (row, exponent) in measured.exponents.iter().enumerate() {
                group.add(exponent, measured.row(row));
            }
            for (row, exponent) in measured.exponents.iter().enumerate() {
                let per_review = measured.exponents.len() / reviews.len();
                let review = reviews[row / per_review];
                let (name, spread) = match aggregation {
                    "unit" => ((row % units).to_string(), Some(spreads[row])),
                    "population" => (String::new(), Some(population_spreads[row])),
                    _ => (String::new(), None),
                };
                self.write_row(subject, aggregation, review, &name, exponent, spread)?;
            }
        }
        Ok(())
    }

    /// Finishes the table and sums up.
    ///
    /// # Errors
    /// The table cannot be written.
    pub fn finish(mut self) -> Result<Found> {
        self.table
            .flush()
            .map_err(|cause| Error::file("write the exponents", &self.table_path, cause))?;
        self.partial.finish()?;
        let mut found = Found { notes: self.notes, ..Found::default() };
        for group in &self.groups {
            found.exponents.push(group.summary());
            found.histograms.extend(group.histogram());
            found.fluctuations.extend(group.fluctuation(&self.plan));
        }
        found.utilisation = self.motions.iter().map(Motion::utilisation).collect();
        Ok(found)
    }

    fn group(&mut self, subject: Subject, aggregation: &'static str) -> &mut Group {
        let known = |group: &Group| group.subject == subject && group.aggregation == aggregation;
        let index = self.groups.iter().position(known).unwrap_or_else(|| {
            self.groups.push(Group::new(subject, aggregation, self.plan.sizes().len()));
            self.groups.len() - 1
        });
        &mut self.groups[index]
    }

    fn motion(&mut self, subject: Subject) -> &mut Motion {
        let known = self.motions.iter().position(|motion| motion.subject == subject);
        let index = known.unwrap_or_else(|| {
            self.motions.push(Motion { subject, sds: Vec::new(), betas_used: Vec::new() });
            self.motions.len() - 1
        });
        &mut self.motions[index]
    }

    fn write_row(
        &mut self,
        subject: Subject,
        aggregation: &str,
        review: usize,
        unit: &str,
        exponent: &Exponent,
        spread: Option<f64>,
    ) -> Result<()> {
        let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
        let stderr = exponent.alpha().map(|_| exponent.stderr);
        let status = match exponent.status {
            Status::Defined => "defined",
            Status::Constant => "constant",
            Status::NonFinite => "non-finite",
            Status::NoFluctuation => "no-fluctuation",
        };
        self.write(&[
            subject.condition,
            subject.quantity,
            aggregation,
            &review.to_string(),
            unit,
            &number(exponent.alpha()),
            &number(exponent.beta()),
            &number(stderr),
            &number(spread),
            status,
        ])
    }

    fn write(&mut self, fields: &[&str]) -> Result<()> {
        self.table.write_record(fields).map_err(|cause| {
            Error::new("cannot write the exponents")
                .at(self.table_path.display())
                .remedy("free some space on that disk, or choose another with --out")
                .because(cause)
        })
    }
}

/// Per review, F² averaged over its units (a constant unit counts as 0, one that is not finite is
/// left out).
fn pool(unit: &Measured, units: usize, plan: &DfaPlan) -> Measured {
    let sizes = plan.sizes().len();
    let reviews = unit.exponents.len() / units;
    let mut pooled = Measured::default();
    for review in 0..reviews {
        let rows = review * units..(review + 1) * units;
        let counted: Vec<usize> =
            rows.filter(|&row| unit.exponents[row].status != Status::NonFinite).collect();
        let mean = |size: usize| {
            let sum: f64 = counted.iter().map(|&row| unit.row(row)[size].powi(2)).sum();
            (sum / counted.len() as f64).sqrt()
        };
        let fluctuations: Vec<f64> = (0..sizes).map(mean).collect();
        let moving = counted.iter().any(|&row| unit.exponents[row].status != Status::Constant);
        pooled.exponents.push(match (counted.is_empty(), moving) {
            (true, _) => Exponent::undefined(Status::NonFinite),
            (_, false) => Exponent::undefined(Status::Constant),
            _ => dfa::fit(plan, &fluctuations),
        });
        pooled.fluctuations.extend(fluctuations);
    }
    pooled
}

/// Mean; `None` of nothing.
fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The exponents of one subject and aggregation.
struct Group {
    subject: Subject,
    aggregation: &'static str,
    betas: Vec<f64>,
    undefined: usize,
    /// Per size: sum of ln F and of its square over the defined traces.
    sums: Vec<(f64, f64)>,
}

impl Group {
    fn new(subject: Subject, aggregation: &'static str, sizes: usize) -> Self {
        let sums = vec![(0.0, 0.0); sizes];
        Self { subject, aggregation, betas: Vec::new(), undefined: 0, sums }
    }

    fn add(&mut self, exponent: &Exponent, fluctuations: &[f64]) {
        let Some(beta) = exponent.beta() else {
            self.undefined += 1;
            return;
        };
        self.betas.push(beta);
        for (sum, fluctuation) in self.sums.iter_mut().zip(fluctuations) {
            let log = fluctuation.ln();
            *sum = (sum.0 + log, sum.1 + log * log);
        }
    }

    fn summary(&self) -> ExponentSummary {
        let count = self.betas.len();
        let beta_mean = mean(&self.betas);
        let beta_sd = beta_mean.filter(|_| count > 1).map(|mean| {
            let squares: f64 = self.betas.iter().map(|beta| (beta - mean).powi(2)).sum();
            (squares / (count - 1) as f64).sqrt()
        });
        let mut sorted = self.betas.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let median = |sorted: &[f64]| (sorted[(count - 1) / 2] + sorted[count / 2]) / 2.0;
        ExponentSummary {
            quantity: self.subject.quantity.to_owned(),
            condition: self.subject.condition.to_owned(),
            aggregation: self.aggregation.to_owned(),
            alpha_mean: beta_mean.map(|beta| (beta + 1.0) / 2.0),
            beta_mean,
            beta_sd,
            beta_median: (count > 0).then(|| median(&sorted)),
            traces: count,
            undefined: self.undefined,
        }
    }

    fn histogram(&self) -> Option<Histogram> {
        let (low, width, bins) = BINS;
        let mut counts = vec![0; bins];
        for beta in &self.betas {
            let bin = ((beta - low) / width).floor().clamp(0.0, (bins - 1) as f64);
            counts[bin as usize] += 1;
        }
        (!self.betas.is_empty()).then(|| Histogram {
            quantity: self.subject.quantity.to_owned(),
            condition: self.subject.condition.to_owned(),
            aggregation: self.aggregation.to_owned(),
            low,
            width,
            counts,
        })
    }

    fn fluctuation(&self, plan: &DfaPlan) -> Option<Fluctuation> {
        let count = self.betas.len() as f64;
        let means: Vec<f64> = self.sums.iter().map(|(sum, _)| sum / count).collect();
        let log_sd = self
            .sums
            .iter()
            .zip(&means)
            .map(|((_, squares), mean)| (squares / count - mean * mean).max(0.0).sqrt())
            .collect();
        let fluctuation: Vec<f64> = means.iter().map(|mean| mean.exp()).collect();
        (!self.betas.is_empty()).then(|| {
            let line = dfa::fit(plan, &fluctuation);
            Fluctuation {
                quantity: self.subject.quantity.to_owned(),
                condition: self.subject.condition.to_owned(),
                aggregation: self.aggregation.to_owned(),
                windows: plan.sizes().iter().map(|size| size.size).collect(),
                fluctuation,
                log_sd,
                alpha: line.alpha,
                intercept: line.intercept,
            }
        })
    }
}

/// How much the units of one subject move.
struct Motion {
    subject: Subject,
    sds: Vec<f64>,
    /// beta of the defined traces with a standard deviation of at least 0.01.
    betas_used: Vec<f64>,
}

impl Motion {
    fn add(&mut self, sds: &[f64], exponents: &[Exponent]) {
        self.sds.extend(sds);
        let used = sds.iter().zip(exponents).filter(|(sd, _)| **sd >= 0.01);
        self.betas_used.extend(used.filter_map(|(_, exponent)| exponent.beta()));
    }

    fn utilisation(&self) -> Utilisation {
        let share = |limit: f64| {
            self.sds.iter().filter(|&&sd| sd < limit).count() as f64 / self.sds.len() as f64
        };
        Utilisation {
            quantity: self.subject.quantity.to_owned(),
            condition: self.subject.condition.to_owned(),
            sd_mean: mean(&self.sds).unwrap_or(0.0),
            below_0_01: share(0.01),
            below_0_05: share(0.05),
            beta_mean_used: mean(&self.betas_used),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::Extent;
    use crate::signal::{Traces, noise};

    #[test]
    fn three_aggregations_of_white_units_are_white_and_a_constant_unit_is_undefined() {
        let (units, steps) = (4, 500);
        let reviews: Vec<usize> = (10..30).collect();
        let mut values = Vec::new();
        for row in 0..reviews.len() * units {
            if row % units == 3 {
                values.extend(vec![0.25f32; steps]);
            } else {
                values.extend(noise::white(steps, 7, row as u64));
            }
        }
        let traces = Traces::new(values, steps).expect("whole");
        let folder = tempfile::tempdir().expect("a folder");
        let table = folder.path().join("exponents.csv");
        let plan = DfaPlan::new(steps, &dfa::Settings::default()).expect("fits");
        let extent = Extent::new([reviews.len(), steps, units], 0, units);
        let readings = Readings::of(&traces, &extent, &dfa::Path::Cpu, &plan).expect("measured");
        let mut gatherer = Gatherer::new(plan, &table).expect("opened");
        let subject = Subject { quantity: "hidden", condition: "trained" };
        gatherer.add(subject, &reviews, &readings).expect("written");
        let found = gatherer.finish().expect("written");
        let counts: Vec<(usize, usize)> =
            found.exponents.iter().map(|group| (group.traces, group.undefined)).collect();
        assert_eq!(counts, [(60, 20), (20, 0), (20, 0)]);
        for group in &found.exponents {
            let beta = group.beta_mean.expect("defined");
            assert!(beta.abs() < 0.1, "{group:?}"); // sd 0.12 / sqrt(20) = 0.03
        }
        assert_eq!(found.utilisation[0].below_0_01, 0.25);
        let rows = std::fs::read_to_string(&table).expect("read");
        assert_eq!(rows.lines().count(), 1 + 80 + 20 + 20);
        assert!(rows.contains("trained,hidden,unit,29,3,,,,0,constant"), "{rows}");
        let sum: u64 = found.histograms[0].counts.iter().sum();
        assert_eq!(sum, 60);
    }
}
