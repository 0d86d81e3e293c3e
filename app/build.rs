//! Turns the words of `locales/` into code. A word that one language lacks stops the build: a warning would be read by nobody.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use leptos_i18n_parser::parse_locales::options::{Config, ParseOptions};
use leptos_i18n_parser::parse_locales::parse_locales;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=locales");
    let words = Config::new("en")?.add_locale("de")?.parse_options(ParseOptions::new().interpolate_display(true));
    let words = parse_locales(None, words)?;
    let wrong: Vec<String> = words.diag.warnings().iter().map(ToString::to_string).collect();
    if !wrong.is_empty() {
        return Err(format!("app/locales: {}", wrong.join("; ")).into());
    }
    let code = leptos_i18n_codegen::gen_code(&words, None, true, None, false)?;
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("i18n.rs"), code.to_string())?;
    Ok(())
}
