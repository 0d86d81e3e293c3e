//! Mounts the page.

fn main() {
    mambaformer_app::mount();
}
