//! Bundles that are good, bad and hostile.

use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use rstest::rstest;
use tar::Header;

const MANIFEST: &str =
    r#"{"id": "com.example.bundled", "server": {"executable": "p.py", "runtime": "python"}}"#;

/// A bundle of such entries. A name is written as it is, which `tar` itself would refuse to do.
fn bundle(entries: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, kind, content) in entries {
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_mode(0o755);
        header.set_size(content.len() as u64);
        if kind.is_symlink() {
            header.set_link_name("/etc").unwrap();
        }
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

const FILE: EntryType = EntryType::Regular;
const FOLDER: EntryType = EntryType::Directory;

fn unpacked(bytes: &[u8]) -> (TempDir, Result<Bundle, BundleError>) {
    let beside = tempfile::tempdir().unwrap();
    let bundle = Bundle::unpack(bytes, beside.path());
    (beside, bundle)
}

#[rstest]
#[case::with_a_folder_around("p/", "p/plugin.json", "p/bin/run")]
#[case::without_one("./", "plugin.json", "bin/run")]
fn files_arrive(#[case] top: &str, #[case] manifest: &str, #[case] program: &str) {
    let bytes = bundle(&[
        (top, FOLDER, b""),
        (manifest, FILE, MANIFEST.as_bytes()),
        (program, FILE, b"old and longer"),
        (program, FILE, b"new"),
        ("link", EntryType::Symlink, b""),
    ]);
    let (beside, bundle) = unpacked(&bytes);
    let bundle = bundle.unwrap();
    assert_eq!(bundle.manifest().id.as_str(), "com.example.bundled");
    let home = beside.path().join("home");
    bundle.move_to(&home).unwrap();
    assert_eq!(fs::read(home.join("bin/run")).unwrap(), b"new");
    let mode = fs::metadata(home.join("bin/run")).unwrap().permissions();
    assert_eq!(mode.mode() & 0o7777, 0o755);
    let all = |folder: &Path| folder.read_dir().unwrap().count();
    assert_eq!(
        (all(&home), all(beside.path())),
        (2, 1),
        "nothing else is left"
    );
}

#[rstest]
#[case::up("../outside")]
#[case::up_within("a/../../outside")]
#[case::root("/tmp/plugin-host-outside")]
fn names_that_lead_out_are_refused(#[case] name: &str) {
    let bytes = bundle(&[
        ("plugin.json", FILE, MANIFEST.as_bytes()),
        (name, FILE, b"x"),
    ]);
    let (beside, bundle) = unpacked(&bytes);
    assert!(matches!(bundle, Err(BundleError::LeadsOut { name: found }) if found == name));
    assert_eq!(beside.path().read_dir().unwrap().count(), 0);
    assert!(!Path::new("/tmp/plugin-host-outside").exists());
}

#[test]
fn what_is_written_through_a_link_stays_inside() {
    let bytes = bundle(&[
        ("plugin.json", FILE, MANIFEST.as_bytes()),
        ("out", EntryType::Symlink, b""),
        ("out/file", FILE, b"x"),
    ]);
    let (beside, bundle) = unpacked(&bytes);
    let home = beside.path().join("home");
    bundle.unwrap().move_to(&home).unwrap();
    assert_eq!(fs::read(home.join("out/file")).unwrap(), b"x");
    assert!(!Path::new("/etc/file").exists());
}

#[rstest]
#[case::nothing(vec![])]
#[case::text(b"no archive at all".to_vec())]
#[case::no_tar({
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&[b'x'; 2000]).unwrap();
    gzip.finish().unwrap()
})]
#[case::cut_off({
    let mut whole = bundle(&[("plugin.json", FILE, MANIFEST.as_bytes()), ("large", FILE, &[7; 5000])]);
    whole.truncate(whole.len() / 2);
    whole
})]
fn what_is_no_archive_says_so(#[case] bytes: Vec<u8>) {
    let (beside, bundle) = unpacked(&bytes);
    let error = bundle.unwrap_err();
    assert!(matches!(error, BundleError::NoArchive(_)), "{error}");
    assert_eq!(beside.path().read_dir().unwrap().count(), 0);
}

#[test]
fn a_file_in_the_place_of_a_folder_is_an_error() {
    let bytes = bundle(&[("a", FILE, b""), ("a/b", FILE, b"")]);
    assert!(matches!(unpacked(&bytes).1, Err(BundleError::Write { .. })));
}

#[test]
fn without_a_manifest_it_is_no_plugin() {
    let (_, bundle) = unpacked(&bundle(&[("readme", FILE, b"x")]));
    let error = bundle.unwrap_err();
    assert!(
        matches!(&error, BundleError::Manifest(ManifestError::Missing { .. })),
        "{error}"
    );
}

#[test]
fn a_size_that_is_only_claimed_is_not_waited_for() {
    let mut header = Header::new_gnu();
    header.set_path("plugin.json").unwrap();
    header.set_size(LARGEST + 1);
    header.set_cksum();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(header.as_bytes()).unwrap();
    let (_, bundle) = unpacked(&gzip.finish().unwrap());
    assert!(matches!(bundle, Err(BundleError::TooLarge)));
}

#[test]
fn too_many_files_are_refused() {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut header = Header::new_gnu();
    header.set_entry_type(FOLDER);
    header.set_path("d").unwrap();
    header.set_size(0);
    header.set_cksum();
    for _ in 0..=MOST {
        builder.append(&header, io::empty()).unwrap();
    }
    let bytes = builder.into_inner().unwrap().finish().unwrap();
    assert!(matches!(unpacked(&bytes).1, Err(BundleError::TooMany)));
}
