//! Which expert read which token.

use std::sync::Arc;

use leptos::prelude::*;
use mambaformer_wasm::protocol::{PromptPart, RoutedExpert, RoutingToken};

use crate::assistant::Assistant;
use crate::language::CONTENT;
use crate::parts::speed::SpeedChoice;
use crate::session::Routing;
use crate::words::numbers::probability;
use crate::words::routing as words;

/// A strip of the prompt's tokens coloured and underlined by expert, the shares in words, and a table.
#[component]
pub fn RoutingPanel() -> impl IntoView {
    let session = expect_context::<Assistant>().session;
    let routing =
        Memo::new(move |_| session.with(|session| session.turn.as_ref().and_then(|turn| turn.routing.clone())));
    view! {
        <section class="card routing" aria-labelledby="routing-heading" data-testid="routing">
            <h2 id="routing-heading" class="card__heading">{words::HEADING}</h2>
            {move || routing.get().map(|routing| view! { <RoutingView routing /> })}
            <SpeedChoice />
        </section>
    }
}

#[component]
fn RoutingView(
    /// The prompt's tokens by expert.
    routing: Arc<Routing>,
) -> impl IntoView {
    let whole = routing.et5 + routing.emamba;
    let legend = [(RoutedExpert::Et5, routing.et5), (RoutedExpert::Emamba, routing.emamba)].map(|(expert, count)| {
        view! {
            <li>
                <span class=swatch(expert) aria-hidden="true">{words::name(expert)}</span>
                <span>{move || words::read_by(expert, count, whole)}</span>
            </li>
        }
    });
    // The strip is for the eye; the table below says the same to a screen reader.
    let strip = parts(&routing.tokens)
        .into_iter()
        .map(|(part, tokens)| {
            let tokens = tokens.iter().map(token_view).collect::<Vec<_>>();
            view! {
                <p class="strip__part">
                    <span class="strip__label">{move || words::part_of(part)}</span>
                    <span class="strip__tokens" dir="auto">{tokens}</span>
                </p>
            }
        })
        .collect::<Vec<_>>();
    let opened = RwSignal::new(false);
    let for_table = Arc::clone(&routing);
    view! {
        <ul class="routing__legend">{legend.to_vec()}</ul>
        <p class="routing__caveat">{words::CAVEAT}</p>
        <div class="strip" aria-hidden="true" translate="no">{strip}</div>
        <details
            class="routing__table"
            on:toggle=move |_| opened.set(true)
        >
            <summary>{words::AS_TABLE}</summary>
            // Hundreds of rows: built when first asked for.
            {move || opened.get().then(|| view! { <TokenTable routing=Arc::clone(&for_table) /> })}
        </details>
    }
}

#[component]
fn TokenTable(
    /// The prompt's tokens by expert.
    routing: Arc<Routing>,
) -> impl IntoView {
    let rows = routing
        .tokens
        .iter()
        .map(|token| {
            let (text, part, p) = (token.text.trim().to_owned(), token.part, token.p);
            let text = if text.is_empty() {
                view! { <td>{words::BLANK}</td> }.into_any()
            } else {
                view! { <td dir="auto" lang=CONTENT>{text}</td> }.into_any()
            };
            view! {
                <tr>
                    {text}
                    <td>{move || words::part_of(part)}</td>
                    <td>{words::name(token.expert)}</td>
                    <td>{move || probability(p)}</td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    view! {
        // Scrolls by itself on a narrow screen, so it must be reachable by keyboard.
        <div class="table-scroll" tabindex="0" role="region" aria-label=words::TABLE>
            <table>
                <caption>{words::CAPTION}</caption>
                <thead>
                    <tr>
                        <th scope="col">{words::TOKEN}</th>
                        <th scope="col">{words::PART}</th>
                        <th scope="col">{words::EXPERT}</th>
                        <th scope="col">{words::GATE}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

fn token_view(token: &RoutingToken) -> impl IntoView + use<> {
    let class = match token.expert {
        RoutedExpert::Et5 => "token token--et5",
        RoutedExpert::Emamba => "token token--emamba",
    };
    view! { <span class=class>{token.text.clone()}</span> }
}

fn swatch(expert: RoutedExpert) -> &'static str {
    match expert {
        RoutedExpert::Et5 => "token token--et5 token--swatch",
        RoutedExpert::Emamba => "token token--emamba token--swatch",
    }
}

/// Neighbouring tokens of the same part together; the marks between parts are left out.
fn parts(tokens: &[RoutingToken]) -> Vec<(PromptPart, Vec<RoutingToken>)> {
    let mut out: Vec<(PromptPart, Vec<RoutingToken>)> = Vec::new();
    let mut previous = PromptPart::Mark;
    for token in tokens {
        match out.last_mut() {
            _ if token.part == PromptPart::Mark => {}
            Some((_, run)) if previous == token.part => run.push(token.clone()),
            _ => out.push((token.part, vec![token.clone()])),
        }
        previous = token.part;
    }
    out
}
