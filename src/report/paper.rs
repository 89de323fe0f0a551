//! The published figures that a run is read beside, and the sources: data, with their standing.
//!
//! Place in the flow: beside the report's tables. Nothing here is measured by us.

/// One figure of the paper.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figure {
    /// The quantity, as an outcome names it.
    pub quantity: &'static str,
    /// The condition, as an outcome names it.
    pub condition: &'static str,
    /// The paper's beta.
    pub beta_mean: f64,
    /// What the paper gives after ±.
    pub beta_sd: f64,
}

/// All figures that are known; the paper gives no other.
pub(super) const FIGURES: [Figure; 2] = [
    Figure { quantity: "input", condition: "trained", beta_mean: 0.002, beta_sd: 0.116 },
    Figure { quantity: "hidden", condition: "trained", beta_mean: 0.833, beta_sd: 0.132 },
];

/// The lowest and the highest validation accuracy of the first author's five public networks of
/// [`ACCURACY_UNITS`] units (0.8919, 0.8877, 0.8841, 0.8907, 0.8857; github NicholasCJL/imdb-LSTM),
/// on all [`ACCURACY_REVIEWS`] reviews.
pub(super) const ACCURACY: (f64, f64) = (0.8841, 0.8919);
/// Their hidden units.
pub(super) const ACCURACY_UNITS: usize = 60;

/// Tokens per review of that network.
pub(super) const ACCURACY_STEPS: i64 = 500;
/// Their lowest and highest validation loss, in nats.
pub(super) const LOSS: (f64, f64) = (0.278, 0.293);
/// The first and the last of their best epochs.
pub(super) const BEST_EPOCH: (f64, f64) = (9.0, 15.0);
/// The accuracy of another of the first author's networks, with its units and tokens.
pub(super) const SMALLER: (f64, usize, usize) = (0.8597, 45, 150);
/// The reviews of IMDb that have a label.
pub(super) const ACCURACY_REVIEWS: usize = 50_000;

/// A quantity and a condition with mean and standard deviation of beta in four aggregations: unit,
/// pooled, population, spectral.
type Independent = (&'static str, &'static str, [(f64, f64); 4]);

/// A run of the published network and task in PyTorch, made to check this program (60 units, 12
/// epochs, accuracy 0.872; 200 validation reviews of at least 500 tokens). No part of the paper.
pub(super) const INDEPENDENT: [Independent; 8] = [
    ("input", "trained", [(0.019, 0.120), (0.029, 0.048), (0.000, 0.120), (0.016, 0.025)]),
    ("f", "trained", [(0.268, 0.280), (0.287, 0.085), (-0.011, 0.113), (0.248, 0.044)]),
    ("i", "trained", [(0.168, 0.226), (0.212, 0.075), (0.157, 0.136), (0.154, 0.039)]),
    ("o", "trained", [(0.197, 0.217), (0.254, 0.086), (0.075, 0.123), (0.183, 0.042)]),
    ("candidate", "trained", [(0.185, 0.236), (0.261, 0.085), (0.151, 0.220), (0.237, 0.043)]),
    ("cell", "trained", [(0.585, 0.471), (0.768, 0.103), (1.083, 0.189), (1.086, 0.053)]),
    ("hidden", "trained", [(0.368, 0.340), (0.629, 0.097), (0.888, 0.173), (0.539, 0.044)]),
    ("hidden", "untrained", [(0.656, 0.164), (0.677, 0.051), (0.756, 0.158), (1.153, 0.023)]),
];

/// Runs of the same by hidden units, one network each: mean and standard deviation of beta of the
/// trained hidden state in the first three aggregations.
pub(super) const INDEPENDENT_SIZES: [(usize, [(f64, f64); 3]); 3] = [
    (8, [(1.142, 0.468), (1.319, 0.181), (1.215, 0.254)]),
    (20, [(0.789, 0.471), (1.017, 0.135), (0.764, 0.242)]),
    (128, [(0.235, 0.348), (0.608, 0.107), (0.381, 0.157)]),
];

/// How far that run can be leant on.
pub(super) const INDEPENDENT_STANDING: &str = "The published network and task in PyTorch, made to \
     check this program: 60 units, 12 epochs, validation accuracy 0.872, 200 reviews. One network; \
     another seed gives other numbers. No part of the paper.";

/// Where the figures come from, in short.
pub(super) const SHORT_SOURCE: &str =
    "Nicholas Jia Le Chong & Ling Feng, arXiv 2301.08530 v2; Chaos 34(8) 081101 (2024)";

/// How far the figures can be leant on.
pub(super) const STANDING: &str = "The paper's figures are as quoted from v2 by a secondary \
     source. They are for IMDb. The paper gives no number for the other quantities, and does not \
     say which aggregation its numbers are.";

/// The paper's figure for one quantity under one condition, if it gives one.
pub(super) fn figure(quantity: &str, condition: &str) -> Option<&'static Figure> {
    FIGURES.iter().find(|figure| figure.quantity == quantity && figure.condition == condition)
}

/// One entry of the list of sources.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    /// Authors, year, title, place.
    pub citation: &'static str,
    /// What it is the source of.
    pub of: &'static str,
    /// Where it can be read.
    pub address: &'static str,
}

/// Detrended fluctuation analysis.
pub(super) const DFA: Source = Source {
    citation: "C.-K. Peng, S. V. Buldyrev, S. Havlin, M. Simons, H. E. Stanley, A. L. Goldberger: \
         Mosaic organization of DNA nucleotides. Physical Review E 49, 1685 (1994).",
    of: "detrended fluctuation analysis",
    address: "https://doi.org/10.1103/PhysRevE.49.1685",
};

/// The paper whose claims are tested.
pub(super) const ONE_OVER_F: Source = Source {
    citation: "N. J. L. Chong, Ling Feng: Self-organization toward 1/f noise in deep neural \
         networks. Chaos 34(8), 081101 (2024), doi 10.1063/5.0224138; arXiv 2301.08530 v2.",
    of: "the claims tested here and the figures marked as the paper's",
    address: "https://arxiv.org/abs/2301.08530",
};

/// The study of spike trains.
pub(super) const SPIKES: Source = Source {
    citation: "S. J. Lehmler, M. Saif-ur-Rehman, T. Glasmachers, I. Iossifidis: Understanding \
         activation patterns in artificial neural networks by exploring stochastic processes. \
         Neurocomputing, 128473 (2024); arXiv 2308.00858 (2023).",
    of: "units as spike trains and the four indicators",
    address: "https://arxiv.org/abs/2308.00858",
};

/// The IMDb reviews.
pub(super) const IMDB: Source = Source {
    citation: "A. L. Maas, R. E. Daly, P. T. Pham, D. Huang, A. Y. Ng, C. Potts: Learning word \
         vectors for sentiment analysis. Proceedings of ACL-HLT 2011, 142-150.",
    of: "the IMDb reviews",
    address: "https://aclanthology.org/P11-1015/",
};

/// The time series.
pub(super) const UCR: Source = Source {
    citation: "H. A. Dau, A. Bagnall, K. Kamgar, C.-C. M. Yeh, Y. Zhu, S. Gharghabi, C. A. \
         Ratanamahatana, E. Keogh: The UCR time series archive. IEEE/CAA Journal of Automatica \
         Sinica 6(6), 1293 (2019), arXiv 1810.07758.",
    of: "the form of the files and, where the set is one of the archive's, the time series",
    address: "https://www.cs.ucr.edu/~eamonn/time_series_data_2018/",
};
