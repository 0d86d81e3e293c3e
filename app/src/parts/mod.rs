//! What is on screen, one file per part.

pub mod alarms;
pub mod announcer;
pub mod answer;
pub mod ask;
pub mod browse;
pub mod calculators;
pub mod clear;
pub mod device;
pub mod display;
pub mod doses;
pub mod download;
pub mod engine;
pub mod evidence;
pub mod expanded;
pub mod follow_up;
pub mod footer;
pub mod header;
pub mod icons;
pub mod keys;
pub mod note_file;
pub mod outcome;
pub mod problem;
pub mod routing;
pub mod section;
pub mod take_away;
