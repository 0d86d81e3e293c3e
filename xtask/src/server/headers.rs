//! Headers of every answer.

use std::path::Path;

/// Sent with every answer, refusals included. The worker's script brings its own policy along, so it must have it too.
pub(super) const SECURITY: [(&str, &str); 7] = [
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    // Names do not always change with their content, so the browser has to ask; an ETag makes that cheap.
    ("Cache-Control", "no-cache"),
];

/// The type of a file by its name.
pub(super) fn content_type(path: &Path) -> &'static str {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    match extension.as_deref() {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt" | "md" | "ts") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Whether `If-None-Match` names this version.
pub(super) fn matches_etag(known: &str, etag: &str) -> bool {
    known.split(',').map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_a_browser_insists_on() {
        for (name, expected) in [
            ("a.wasm", "application/wasm"),
            ("a.js", "text/javascript; charset=utf-8"),
            ("A.HTML", "text/html; charset=utf-8"),
            ("model.safetensors", "application/octet-stream"),
            ("noending", "application/octet-stream"),
        ] {
            assert_eq!(content_type(Path::new(name)), expected);
        }
    }

    #[test]
    fn tags_are_compared_whole() {
        assert!(matches_etag("\"a\"", "\"a\""));
        assert!(matches_etag("\"b\", W/\"a\"", "\"a\""));
        assert!(matches_etag("*", "\"a\""));
        assert!(!matches_etag("\"ab\"", "\"a\""));
    }

    #[test]
    fn the_policy_has_no_hole() {
        let (name, policy) = SECURITY[0];
        assert_eq!(name, "Content-Security-Policy");
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'") && !policy.contains('*'));
        assert!(!policy.contains("  "), "the line continuation left a gap");
    }

    #[test]
    fn the_files_for_other_servers_send_the_same() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hosting");
        for (file, form) in
            [("_headers", "{name}: {value}"), ("nginx.conf", "{name} \"{value}\""), ("Caddyfile", "{name} \"{value}\"")]
        {
            let text = std::fs::read_to_string(folder.join(file)).expect(file);
            for (name, value) in SECURITY {
                let line = form.replace("{name}", name).replace("{value}", value);
                assert!(text.contains(&line), "hosting/{file} lacks `{line}`");
            }
        }
    }
}
