//! The browser's side of [`crate::device`]: the service worker, the storage, and the page's seal.

use leptos::prelude::*;
use leptos::task::spawn_local;
use mambaformer_wasm::protocol::ASSET_STORE;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    PerformanceEntry, PerformanceObserver, PerformanceObserverEntryList, PerformanceObserverInit, RegistrationOptions,
    ServiceWorkerContainer, ServiceWorkerRegistration, ServiceWorkerState, StorageEstimate, StorageManager,
};

use crate::assistant::Assistant;
use crate::device::{Device, PageCopy, Verified};
use crate::session::Session;
use crate::verify::verify;

/// The service worker's script, relative to the page: it keeps everything beside and below it.
const SCRIPT: &str = "sw.js";
/// What the service worker is told when the reader takes the version that waits.
const TAKE: &str = "take";
/// From the moment it is in force the page can open no connection; a policy can be added to, never taken away.
const SEAL: &str = "connect-src 'none'";

/// Shared by the parts that show it.
#[derive(Clone, Copy)]
pub struct Keeper {
    /// What is known.
    pub device: RwSignal<Device>,
    registration: StoredValue<Option<ServiceWorkerRegistration>, LocalStorage>,
}

impl Keeper {
    /// Nothing is known yet.
    #[must_use]
    pub fn new() -> Self {
        Self { device: RwSignal::new(Device::default()), registration: StoredValue::new_local(None) }
    }

    /// Has the browser keep the page.
    pub fn start(self) {
        spawn_local(async move {
            if self.register().await.is_err() {
                self.device.update(|device| device.page = PageCopy::Unable);
            }
        });
    }

    async fn register(self) -> Result<(), JsValue> {
        let container = service_workers().ok_or(JsValue::NULL)?;
        let options = RegistrationOptions::new();
        js_sys::Reflect::set(&options, &JsValue::from_str("type"), &JsValue::from_str("module"))?;
        let registered = JsFuture::from(container.register_with_options(SCRIPT, &options)).await?;
        let registration: ServiceWorkerRegistration = registered.dyn_into()?;
        let look = Closure::<dyn Fn()>::new(move || self.look());
        registration.set_onupdatefound(Some(look.as_ref().unchecked_ref()));
        container.set_oncontrollerchange(Some(look.as_ref().unchecked_ref()));
        // For as long as the page lives.
        look.forget();
        self.registration.set_value(Some(registration));
        self.look();
        JsFuture::from(container.ready()?).await?;
        self.look();
        Ok(())
    }

    /// Reads off the registration how far the page's copies are.
    fn look(self) {
        self.registration.with_value(|registration| {
            let Some(registration) = registration else { return };
            if let Some(coming) = registration.installing() {
                let look = Closure::<dyn Fn()>::new(move || self.look());
                coming.set_onstatechange(Some(look.as_ref().unchecked_ref()));
                look.forget();
            }
            let serves = registration.active().is_some();
            let failed = !serves
                && registration.installing().is_none_or(|coming| coming.state() == ServiceWorkerState::Redundant)
                && registration.waiting().is_none();
            let update_waits = serves && registration.waiting().is_some();
            self.device.update(|device| {
                device.page = match (serves, failed) {
                    (true, _) => PageCopy::Kept,
                    (false, true) => PageCopy::Unable,
                    (false, false) => PageCopy::Coming,
                };
                device.update_waits = update_waits;
            });
        });
    }

    /// Takes the version that waits: the page starts anew with it.
    pub fn take_update(self) {
        let Some(container) = service_workers() else { return };
        let reload = Closure::once_into_js(|| {
            let _ = window().location().reload();
        });
        container.set_oncontrollerchange(Some(reload.unchecked_ref()));
        self.registration.with_value(|registration| {
            if let Some(waiting) = registration.as_ref().and_then(ServiceWorkerRegistration::waiting) {
                let _ = waiting.post_message(&JsValue::from_str(TAKE));
            }
        });
    }

    /// Asks for storage that is not cleared by itself, and how much there is.
    pub fn measure(self) {
        spawn_local(async move {
            let Some(storage) = storage() else { return };
            let persisted = match storage.persist() {
                Ok(asked) => JsFuture::from(asked).await.is_ok_and(|granted| granted.is_truthy()),
                Err(_) => false,
            };
            let space = space(&storage).await;
            self.device.update(|device| (device.persisted, device.space) = (persisted, space));
        });
    }

    /// Asks how much storage there is, and for nothing.
    pub fn estimate(self) {
        spawn_local(async move {
            let Some(storage) = storage() else { return };
            let space = space(&storage).await;
            self.device.update(|device| device.space = space);
        });
    }

    /// Removes the assistant's files from this device. What is loaded goes on working until the page is closed.
    pub fn remove(self, removed: impl FnOnce() + 'static) {
        spawn_local(async move {
            if let Ok(caches) = window().caches() {
                let _ = JsFuture::from(caches.delete(ASSET_STORE)).await;
            }
            removed();
            self.measure();
        });
    }

    /// Hashes the assistant's files on this device again, and removes what is damaged.
    pub fn verify(self, told: impl FnOnce(Option<Verified>) + 'static) {
        spawn_local(async move {
            told(verify().await);
            self.estimate();
        });
    }

    /// Seals the page as soon as the assistant has everything, and asks what is kept.
    pub fn seal_when_loaded(self, assistant: Assistant) {
        let ready = Memo::new(move |_| assistant.session.with(Session::is_ready));
        Effect::new(move |_| {
            if ready.get() {
                self.seal();
                self.measure();
            }
        });
    }

    /// From now on the page opens no connection, and counts what is tried.
    pub fn seal(self) {
        if self.device.with_untracked(|device| device.seal.sealed) {
            return;
        }
        let Some((head, policy)) = document().head().zip(document().create_element("meta").ok()) else { return };
        let written = policy
            .set_attribute("http-equiv", "Content-Security-Policy")
            .and_then(|()| policy.set_attribute("content", SEAL))
            .and_then(|()| head.append_child(&policy));
        if written.is_err() {
            return;
        }
        self.device.update(|device| device.seal.sealed = true);
        let refused = Closure::<dyn Fn()>::new(move || self.device.update(|device| device.seal.refused += 1));
        let _ =
            document().add_event_listener_with_callback("securitypolicyviolation", refused.as_ref().unchecked_ref());
        refused.forget();
        self.observe();
    }

    fn observe(self) {
        let seen = Closure::<dyn Fn(PerformanceObserverEntryList)>::new(move |list: PerformanceObserverEntryList| {
            let names = list.get_entries().into_iter().filter_map(|entry| entry.dyn_into::<PerformanceEntry>().ok());
            let names: Vec<String> = names.map(|entry| entry.name()).collect();
            self.device.update(|device| device.seal.requests.extend(names));
        });
        if let Ok(observer) = PerformanceObserver::new(seen.as_ref().unchecked_ref()) {
            let kinds = js_sys::Array::of1(&JsValue::from_str("resource"));
            observer.observe(&PerformanceObserverInit::new(&kinds));
        }
        seen.forget();
    }
}

impl Default for Keeper {
    fn default() -> Self {
        Self::new()
    }
}

fn storage() -> Option<StorageManager> {
    Some(window().navigator().storage()).filter(|storage| !storage.is_undefined())
}

/// Bytes in use and bytes that may be used.
async fn space(storage: &StorageManager) -> Option<(u64, u64)> {
    let found = JsFuture::from(storage.estimate().ok()?).await.ok()?;
    let estimate: &StorageEstimate = found.unchecked_ref();
    Some((whole(estimate.get_usage()?), whole(estimate.get_quota()?)))
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // browsers give whole, positive bytes below 2^53
fn whole(bytes: f64) -> u64 {
    bytes.max(0.0) as u64
}

/// `None` without a secure connection, and in browsers that have none.
fn service_workers() -> Option<ServiceWorkerContainer> {
    let navigator = window().navigator();
    let name = JsValue::from_str("serviceWorker");
    let found = js_sys::Reflect::get(&navigator, &name).ok()?;
    found.dyn_into().ok()
}
