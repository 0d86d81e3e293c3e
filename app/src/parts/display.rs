//! How the page is shown: theme, large controls, and whether single keys do something.

use leptos::prelude::*;

use crate::display::Theme;
use crate::parts::choice::{CheckBox, Choice, ListChoice};
use crate::parts::keys::KeysButton;
use crate::settings::{keep, kept};
use crate::words::display as words;

/// Where the browser keeps the choices: settings, nothing of any question.
const THEME_KEY: &str = "mambaformer.theme";
const TARGETS_KEY: &str = "mambaformer.targets";
const KEYS_KEY: &str = "mambaformer.keys";
/// A choice that is not the page's own.
const ON: &str = "large";
const OFF: &str = "off";

/// The choices; they hold for the whole document, whose root element carries them.
#[derive(Clone, Copy)]
pub struct Display {
    theme: RwSignal<Theme>,
    large_targets: RwSignal<bool>,
    /// Whether a key alone does something outside the text fields (WCAG 2.1.4 wants it to be turned off where it disturbs).
    pub single_keys: RwSignal<bool>,
}

impl Display {
    /// As it was kept; the document follows from now on.
    #[must_use]
    pub fn start() -> Self {
        let display = Self {
            theme: RwSignal::new(kept(THEME_KEY).and_then(|key| Theme::of(&key)).unwrap_or_default()),
            large_targets: RwSignal::new(kept(TARGETS_KEY).as_deref() == Some(ON)),
            single_keys: RwSignal::new(kept(KEYS_KEY).as_deref() != Some(OFF)),
        };
        Effect::new(move |_| {
            let Some(root) = document().document_element() else { return };
            let _ = root.set_attribute("data-theme", display.theme.get().key());
            let _ = root.set_attribute("data-targets", if display.large_targets.get() { ON } else { "" });
        });
        display
    }
}

/// Folded away: it is chosen once.
#[component]
pub fn DisplayPanel() -> impl IntoView {
    let display = expect_context::<Display>();
    let choices = Theme::ALL.map(|theme| Choice {
        value: theme.key().to_owned(),
        name: Signal::derive(move || words::name(theme).to_owned()),
        chosen: Signal::derive(move || display.theme.get() == theme),
    });
    let choose = move |key: String| {
        if let Some(theme) = Theme::of(&key) {
            display.theme.set(theme);
            keep(THEME_KEY, theme.key());
        }
    };
    let enlarge = move |large: bool| {
        display.large_targets.set(large);
        keep(TARGETS_KEY, if large { ON } else { "" });
    };
    let turn = move |on: bool| {
        display.single_keys.set(on);
        keep(KEYS_KEY, if on { "" } else { OFF });
    };
    view! {
        <details class="card panel" data-testid="display">
            <summary>{words::HEADING}</summary>
            <div class="panel__choice">
                <ListChoice id="theme" label=words::THEME choices=choices.into() choose />
            </div>
            <div class="panel__choice">
                <CheckBox test_id="large-targets" checked=display.large_targets check=enlarge>
                    {words::LARGE_TARGETS}
                </CheckBox>
                <CheckBox test_id="single-keys" checked=display.single_keys check=turn>
                    {words::SINGLE_KEYS}
                </CheckBox>
                <KeysButton />
            </div>
        </details>
    }
}
