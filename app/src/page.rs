//! The page: header, question, red flags, doses, answer with its evidence, routing, calculators, foot.

use leptos::prelude::*;

use crate::assistant::Assistant;
use crate::keeper::Keeper;
use crate::parts::announcer::Announcer;
use crate::parts::ask::AskForm;
use crate::parts::browse::BrowseSection;
use crate::parts::calculators::CalculatorSection;
use crate::parts::clear::{ClearWarning, Clearing};
use crate::parts::device::{DevicePanel, UpdateNotice};
use crate::parts::display::{Display, DisplayPanel};
use crate::parts::download::DownloadPanel;
use crate::parts::engine::EnginePanel;
use crate::parts::footer::Footer;
use crate::parts::header::Header;
use crate::parts::keys::{Keys, KeysDialog};
use crate::parts::language::speak_kept_language;
use crate::parts::problem::ProblemPanel;
use crate::parts::results::Results;
use crate::parts::take_away::{PrintSheet, TakeAway};
use crate::words;

/// Puts the page into the document's body.
pub(crate) fn mount() {
    speak_kept_language();
    leptos::mount::mount_to_body(|| {
        let assistant = Assistant::new();
        assistant.start();
        let keeper = Keeper::new();
        keeper.start();
        keeper.seal_when_loaded(assistant);
        view! { <Page assistant keeper /> }
    });
}

/// Everything on screen.
#[component]
pub fn Page(
    /// The way to the worker; not started by the page itself.
    assistant: Assistant,
    /// What keeps and seals the page; not started by the page itself.
    keeper: Keeper,
) -> impl IntoView {
    provide_context(assistant);
    provide_context(keeper);
    provide_context(TakeAway::new(assistant));
    provide_context(Clearing::start(assistant));
    let display = Display::start();
    provide_context(display);
    provide_context(Keys::start(assistant, display));
    view! {
        <a class="skip-link" href="#question">{words::SKIP}</a>
        <Header />
        <main class="page">
            <UpdateNotice />
            <ClearWarning />
            <AskForm />
            <ProblemPanel />
            <DownloadPanel />
            <Results />
            <CalculatorSection />
            <BrowseSection />
            <EnginePanel />
            <DevicePanel />
            <DisplayPanel />
        </main>
        <Footer />
        <Announcer />
        <PrintSheet />
        <KeysDialog />
    }
}
