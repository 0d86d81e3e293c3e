//! What is kept on this device, what may leave the page, and the version that waits.

use leptos::prelude::*;
use mambaformer_wasm::protocol::Stored;

use crate::assistant::Assistant;
use crate::device::Verified;
use crate::keeper::Keeper;
use crate::parts::clear::ClearChoice;
use crate::words::device as words;

/// What came of the last button that was pressed.
#[derive(Clone)]
enum Told {
    Verifying,
    Verified(Option<Verified>),
    Removed,
}

impl Told {
    fn words(&self) -> String {
        match self {
            Self::Verifying => words::VERIFYING().to_owned(),
            Self::Verified(found) => words::verified(found.as_ref()),
            Self::Removed => words::REMOVED().to_owned(),
        }
    }
}

/// Folded away: for whoever wants to check it, or needs the space.
#[component]
pub fn DevicePanel() -> impl IntoView {
    let keeper = expect_context::<Keeper>();
    let session = expect_context::<Assistant>().session;
    let device = keeper.device;
    let stored = Memo::new(move |_| session.with(|session| session.stored));
    let told = RwSignal::new(None);
    let verify = move |_| {
        told.set(Some(Told::Verifying));
        keeper.verify(move |found| {
            told.set(Some(Told::Verified(found.clone())));
            if let Some(found) = found {
                session.update(|session| {
                    session.stored = session.stored.map(|stored| Stored { kept_bytes: found.bytes, ..stored });
                });
            }
        });
    };
    let remove = move |_| {
        keeper.remove(move || {
            session.update(|session| session.stored = None);
            told.set(Some(Told::Removed));
        });
    };
    let requests = Memo::new(move |_| device.with(|device| device.seal.requests.clone()));
    view! {
        <details class="card panel" data-testid="device">
            <summary>
                {words::HEADING} <span class="panel__short" data-testid="device-short">
                    {move || device.with(|device| words::short(device, stored.get()))}
                </span>
            </summary>
            <dl class="panel__facts">
                <dt>{words::OFFLINE}</dt>
                <dd data-testid="device-offline">{move || device.with(|device| words::works_offline(device, stored.get()))}</dd>
                <dt>{words::KEPT}</dt>
                <dd data-testid="device-space">
                    {move || device.with(|device| words::space(device, stored.get()))} " " {words::NOTHING_KEPT}
                </dd>
                <dt>{words::CONNECTIONS}</dt>
                <dd data-testid="device-seal">
                    {move || device.with(|device| words::seal(&device.seal))}
                    <Show when=move || requests.with(|requests| !requests.is_empty())>
                        <ul class="panel__list">
                            {move || requests.get().into_iter().map(|name| view! { <li>{name}</li> }).collect::<Vec<_>>()}
                        </ul>
                    </Show>
                </dd>
            </dl>
            <ClearChoice />
            <div class="panel__choice">
                <button
                    class="button"
                    type="button"
                    data-testid="device-verify"
                    disabled=move || stored.get().is_none()
                    on:click=verify
                >
                    {words::VERIFY}
                </button>
                <button
                    class="button"
                    type="button"
                    data-testid="device-remove"
                    disabled=move || stored.get().is_none()
                    on:click=remove
                >
                    {words::REMOVE}
                </button>
                <p role="status" data-testid="device-told">{move || told.get().map(|told| told.words())}</p>
            </div>
        </details>
    }
}

/// A version that waits to be taken; the region is always there so that a screen reader hears what appears in it.
#[component]
pub fn UpdateNotice() -> impl IntoView {
    let keeper = expect_context::<Keeper>();
    let waits = Memo::new(move |_| keeper.device.with(|device| device.update_waits));
    view! {
        <div role="status">
            <Show when=move || waits.get()>
                <div class="card notice" data-testid="update">
                    <p>{words::UPDATE_WAITS}</p>
                    <button class="button" type="button" data-testid="take-update" on:click=move |_| keeper.take_update()>
                        {words::TAKE}
                    </button>
                </div>
            </Show>
        </div>
    }
}
