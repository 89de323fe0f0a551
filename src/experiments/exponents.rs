//! Readings in, exponents out: gathers batch after batch and writes one CSV row per exponent; of a
//! trace only beta and standard deviation stay in memory.
//!
//! Four aggregations (the first three are what a brain study would call single units, pooled units
//! and a field signal): **unit**, each trace by itself; **pooled**, per review the mean over units
//! of F(n)² and one fit to its root; **population**, per review the DFA of the mean over units;
//! **spectral**, per review one line through the sum of the units' power spectra
//! ([`crate::analysis::spectrum::population`]), beta being minus its slope.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

pub use super::groups::Subject;
use super::groups::{Group, Motion};
use super::outcome::{ExponentSummary, Fluctuation, Histogram, Spread, Utilisation};
use super::readings::Readings;
use crate::analysis::dfa::{self, DfaPlan, Exponent, Measured, Status};
use crate::analysis::spectrum;
use crate::error::{Error, Result};
use crate::files::Partial;

/// The aggregations, in the order of tables.
pub const AGGREGATIONS: [&str; 4] = ["unit", "pooled", "population", "spectral"];

/// The exponents of one review in one subject.
#[derive(Clone, Debug, PartialEq)]
pub struct PerReview {
    /// What was measured.
    pub subject: Subject,
    /// The review's place in the corpus.
    pub review: usize,
    /// Beta in the order of [`AGGREGATIONS`]: of the units their mean over the defined ones.
    pub betas: [Option<f64>; 4],
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
    /// One entry per subject and review.
    pub reviews: Vec<PerReview>,
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
    reviews: Vec<PerReview>,
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
            reviews: Vec::new(),
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
    pub fn add(&mut self, subject: &Subject, reviews: &[usize], readings: &Readings) -> Result<()> {
        let Readings { unit, population, spreads, population_spreads, spectral } = readings;
        let units = unit.exponents.len() / reviews.len();
        let pooled = pool(unit, units, &self.plan);
        self.notes.extend([unit, population].into_iter().flat_map(|m| m.notes.iter().cloned()));

        self.motion(subject).add(spreads, &unit.exponents);
        let [of_units, of_pool, of_population, of_spectra] = AGGREGATIONS;
        for (aggregation, measured) in
            [(of_units, unit), (of_pool, &pooled), (of_population, population)]
        {
            let group = self.group(subject, aggregation);
            for (row, exponent) in measured.exponents.iter().enumerate() {
                group.add(exponent.beta(), measured.row(row));
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
        for (&review, exponent) in reviews.iter().zip(spectral) {
            self.group(subject, of_spectra).add(exponent.beta(), &[]);
            self.write_spectral(subject, of_spectra, review, exponent)?;
        }
        for (place, &review) in reviews.iter().enumerate() {
            let units = &unit.exponents[place * units..][..units];
            let betas: Vec<f64> = units.iter().filter_map(Exponent::beta).collect();
            let betas = [
                Spread::of(&betas).mean,
                pooled.exponents[place].beta(),
                population.exponents[place].beta(),
                spectral[place].beta(),
            ];
            self.reviews.push(PerReview { subject: subject.clone(), review, betas });
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
        found.reviews = self.reviews;
        Ok(found)
    }

    fn group(&mut self, subject: &Subject, aggregation: &'static str) -> &mut Group {
        let known = |group: &Group| group.subject == *subject && group.aggregation == aggregation;
        let index = self.groups.iter().position(known).unwrap_or_else(|| {
            self.groups.push(Group::new(subject, aggregation));
            self.groups.len() - 1
        });
        &mut self.groups[index]
    }

    fn motion(&mut self, subject: &Subject) -> &mut Motion {
        let known = self.motions.iter().position(|motion| motion.subject == *subject);
        let index = known.unwrap_or_else(|| {
            self.motions.push(Motion::new(subject));
            self.motions.len() - 1
        });
        &mut self.motions[index]
    }

    fn write_row(
        &mut self,
        subject: &Subject,
        aggregation: &str,
        review: usize,
        unit: &str,
        exponent: &Exponent,
        spread: Option<f64>,
    ) -> Result<()> {
        let stderr = exponent.alpha().map(|_| exponent.stderr);
        let status = match exponent.status {
            Status::Defined => "defined",
            Status::Constant => "constant",
            Status::NonFinite => "non-finite",
            Status::NoFluctuation => "no-fluctuation",
        };
        self.write(&[
            &subject.condition,
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

    fn write_spectral(
        &mut self,
        subject: &Subject,
        aggregation: &str,
        review: usize,
        exponent: &spectrum::Exponent,
    ) -> Result<()> {
        let status = match exponent.status {
            spectrum::Status::Defined => "defined",
            spectrum::Status::Constant => "constant",
            spectrum::Status::NonFinite => "non-finite",
            spectrum::Status::TooFewBins => "too-few-bins",
            spectrum::Status::NoPower => "no-power",
        };
        let (review, beta) = (review.to_string(), number(exponent.beta()));
        let Subject { quantity, condition } = subject;
        self.write(&[condition, quantity, aggregation, &review, "", "", &beta, "", "", status])
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

/// A number as the table has it; nothing where there is none.
fn number(value: Option<f64>) -> String {
    value.map_or(String::new(), |value| value.to_string())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::Extent;
    use crate::signal::{Traces, noise};

    #[test]
    fn all_aggregations_of_white_units_are_white_and_a_constant_unit_is_undefined() {
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
        let subject = Subject { quantity: "hidden", condition: "trained".to_owned() };
        gatherer.add(&subject, &reviews, &readings).expect("written");
        let found = gatherer.finish().expect("written");
        let counts: Vec<(usize, usize)> =
            found.exponents.iter().map(|group| (group.traces, group.undefined)).collect();
        assert_eq!(counts, [(60, 20), (20, 0), (20, 0), (20, 0)]);
        for group in &found.exponents {
            let beta = group.beta_mean.expect("defined");
            assert!(beta.abs() < 0.1, "{group:?}"); // sd 0.12 / sqrt(20) = 0.03
        }
        assert_eq!(found.utilisation[0].below_0_01, 0.25);
        let rows = std::fs::read_to_string(&table).expect("read");
        assert_eq!(rows.lines().count(), 1 + 80 + 20 + 20 + 20);
        assert!(rows.contains("trained,hidden,unit,29,3,,,,0,constant"), "{rows}");
        assert_eq!(found.reviews.len(), 20);
        assert_eq!(found.reviews[19].review, 29);
        let all: f64 = found.reviews.iter().map(|one| one.betas[0].expect("defined")).sum();
        assert!((all / 20.0 - found.exponents[0].beta_mean.expect("defined")).abs() < 1e-12);
        let sum: u64 = found.histograms[0].counts.iter().sum();
        assert_eq!(sum, 60);
    }
}
