//! What a file is, by its name. Pure.

/// Endings, in small letters, and what they stand for.
const TYPES: &[(&str, &str)] = &[
    ("avi", "video/x-msvideo"),
    ("bmp", "image/bmp"),
    ("css", "text/css; charset=utf-8"),
    ("csv", "text/csv; charset=utf-8"),
    ("doc", "application/msword"),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("htm", "text/html; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("md", "text/markdown; charset=utf-8"),
    ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("ogg", "audio/ogg"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("ppt", "application/vnd.ms-powerpoint"),
    (
        "pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
    ("svg", "image/svg+xml"),
    ("tar", "application/x-tar"),
    ("tiff", "image/tiff"),
    ("txt", "text/plain; charset=utf-8"),
    ("wav", "audio/wav"),
    ("webm", "video/webm"),
    ("webp", "image/webp"),
    ("xls", "application/vnd.ms-excel"),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ("xml", "text/xml; charset=utf-8"),
    ("zip", "application/zip"),
];

/// The last part of a path.
pub(super) fn file_name(path: &str) -> &str {
    let end = path.trim_end_matches('/');
    end.rsplit('/').next().unwrap_or(end)
}

/// The ending of a name, in small letters, without its full stop.
pub(super) fn extension(name: &str) -> String {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    ending.unwrap_or_default().to_lowercase()
}

/// The type that an ending stands for; empty if nobody knows.
pub(super) fn mime_type(extension: &str) -> &'static str {
    let row = TYPES.iter().find(|(ending, _)| *ending == extension);
    row.map_or("", |(_, mime_type)| mime_type)
}

/// Whether a type is one of images.
pub(super) fn is_image(mime_type: &str) -> bool {
    mime_type.starts_with("image")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_files_are() {
        assert_eq!(file_name("../a/b.TXT"), "b.TXT");
        assert_eq!(file_name("b/"), "b");
        assert_eq!(extension("b.tar.GZ"), "gz");
        assert_eq!(extension("none"), "");
        assert_eq!(mime_type("png"), "image/png");
        assert_eq!(mime_type("what"), "");
        assert!(is_image("image/png") && !is_image("text/plain"));
        assert!(TYPES.is_sorted());
    }
}
