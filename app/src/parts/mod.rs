//! What is on screen, one file per part.

pub mod alarms;
pub mod announcer;
pub mod answer;
pub mod ask;
pub mod browse;
pub mod calculators;
pub mod clear;
pub(crate) mod content;
pub mod device;
pub mod doses;
pub mod engine;
pub mod evidence;
pub mod footer;
pub mod header;
pub mod icons;
pub mod language;
pub mod outcome;
pub mod problem;
pub mod routing;
pub mod section;
pub mod take_away;
