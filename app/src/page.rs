//! The page: header, question, red flags, doses, answer with its evidence, routing, calculators, foot.

use leptos::prelude::*;

use crate::assistant::Assistant;
use crate::parts::alarms::{AlarmPanel, NoticePanel};
use crate::parts::announcer::Announcer;
use crate::parts::answer::AnswerPanel;
use crate::parts::ask::AskForm;
use crate::parts::calculators::CalculatorSection;
use crate::parts::doses::DosePanel;
use crate::parts::engine::EnginePanel;
use crate::parts::evidence::EvidencePanel;
use crate::parts::footer::Footer;
use crate::parts::header::Header;
use crate::parts::problem::ProblemPanel;
use crate::parts::routing::RoutingPanel;
use crate::parts::take_away::{PrintSheet, TakeAway};

/// Puts the page into the document's body.
pub(crate) fn mount() {
    leptos::mount::mount_to_body(|| {
        let assistant = Assistant::new();
        assistant.start();
        view! { <Page assistant /> }
    });
}

/// Everything on screen.
#[component]
pub fn Page(
    /// The way to the worker; not started by the page itself.
    assistant: Assistant,
) -> impl IntoView {
    provide_context(assistant);
    provide_context(TakeAway::new(assistant));
    let session = assistant.session;
    let has_turn = Memo::new(move |_| session.with(|session| session.turn.is_some()));
    view! {
        <a class="skip-link" href="#question">"Go to the question"</a>
        <Header />
        <main class="page">
            <AskForm />
            <ProblemPanel />
            <AlarmPanel />
            <NoticePanel />
            <DosePanel />
            <Show when=move || has_turn.get()>
                <div class="result">
                    <AnswerPanel />
                    <EvidencePanel />
                    <RoutingPanel />
                </div>
            </Show>
            <CalculatorSection />
            <EnginePanel />
        </main>
        <Footer />
        <Announcer />
        <PrintSheet />
    }
}
