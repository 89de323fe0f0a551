//! Noise preference of recurrent networks: networks trained with noise inside the activation do best
//! at about that noise, networks trained with noise outside at none; and why.
//!
//! Place in the flow: floor 4, `tasks --> trials --> Ctrnn --> weights --> ensembles --> Outcome`. The
//! claims are those of Eckstein & Srinivasan, *Paradoxical noise preference in RNNs*, arXiv
//! 2601.04539 (TMLR 2026).
//!
//! | file | |
//! |---|---|
//! | `settings` | what a settings file holds |
//! | `study` | the run: every network trained, tested, explained |
//! | `testing` | loss against test noise |
//! | `settling` | when states under constant inputs are looked at |
//! | `mechanism` | stationary states, simulated and by theory |
//! | `distances` | how far from the nonlinearity units work |
//! | `histograms` | how single units' states are distributed |
//! | `colours` | DFA and spectra of the states |
//! | `resonance` | the control of stochastic resonance |
//! | `walks` | the maze in closed loop |
//! | `checks` | closed forms against simulation |
//! | `groups` | networks of one kind together |
//! | `found` | the outcome |
//! | `together` | several runs as one |

mod checks;
mod colours;
mod distances;
pub mod found;
mod groups;
mod histograms;
mod mechanism;
mod methods;
mod resonance;
pub mod settings;
mod settling;
pub mod study;
mod testing;
pub mod together;
mod walks;
