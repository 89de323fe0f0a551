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
const FIGURES: [Figure; 2] = [
    Figure { quantity: "input", condition: "trained", beta_mean: 0.002, beta_sd: 0.116 },
    Figure { quantity: "hidden", condition: "trained", beta_mean: 0.833, beta_sd: 0.132 },
];

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

/// The IMDb reviews.
pub(super) const IMDB: Source = Source {
    citation: "A. L. Maas, R. E. Daly, P. T. Pham, D. Huang, A. Y. Ng, C. Potts: Learning word \
         vectors for sentiment analysis. Proceedings of ACL-HLT 2011, 142-150.",
    of: "the IMDb reviews",
    address: "https://aclanthology.org/P11-1015/",
};
