//! Files as they should not be, and files that cannot be written for a while.

use std::fs;

use redb::{Database, ReadableDatabase as _, TableDefinition};

use super::*;

fn change(table: &'static str, key: &str, row: Option<&str>) -> Change {
    Change {
        table,
        key: key.as_bytes().to_vec(),
        row: row.map(|row| row.as_bytes().to_vec()),
    }
}

fn found(path: &Path) -> Vec<(String, String)> {
    let (_, found) = Keeper::open(path).unwrap();
    let text = |row: Vec<u8>| String::from_utf8(row).unwrap();
    found
        .into_iter()
        .map(|(table, row)| (table, text(row)))
        .collect()
}

#[tokio::test]
async fn what_is_handed_over_is_found_again_in_its_last_form() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let (keeper, before) = Keeper::open(&path).unwrap();
    assert!(before.is_empty());
    keeper.kept().await.unwrap();
    keeper.hand_over(vec![
        change("b", "1", Some("one")),
        change("a", "1", Some("first")),
    ]);
    keeper.hand_over(vec![
        change("b", "2", Some("two")),
        change("b", "1", Some("uno")),
    ]);
    keeper.hand_over(vec![change("b", "2", None), change("b", "unknown", None)]);
    keeper.kept().await.unwrap();
    drop(keeper);
    let row = |table: &str, row: &str| (table.to_owned(), row.to_owned());
    assert_eq!(found(&path), [row("a", "first"), row("b", "uno")]);
}

#[tokio::test]
async fn a_closed_keeper_keeps_nothing_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let (keeper, _) = Keeper::open(&path).unwrap();
    keeper.hand_over(vec![change("a", "1", Some("one"))]);
    keeper.close().await.unwrap();
    keeper.hand_over(vec![change("a", "2", Some("two"))]);
    let error = keeper.kept().await.unwrap_err().to_string();
    assert_eq!(
        error,
        format!("cannot write the store {}: it is closed", path.display())
    );
    // Closed is closed: another can have it while this handle is still there.
    assert_eq!(found(&path).len(), 1);
}

/// A file that cannot be opened again is as good as a full disk: rows wait, whoever asks is told, and nothing is lost when it is well.
#[test]
fn what_cannot_be_written_waits_until_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    drop(File::open(&path).unwrap());
    let other = File::open(&path).unwrap();
    let (batches, coming) = mpsc::channel();
    let (progress, mut written) = watch::channel(Written::default());
    let own = path.clone();
    let thread = std::thread::spawn(move || {
        let file = Reopened {
            path: own,
            file: None,
        };
        keep(file, &coming, &progress);
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut wait = |number: u64| {
        let reached = written.wait_for(|written| written.number >= number);
        runtime.block_on(reached).unwrap().trouble.clone()
    };
    let send = |number: u64, key: &str| {
        let changes = vec![change("a", key, Some(key))];
        batches.send(Batch { number, changes }).unwrap();
    };
    send(1, "one");
    let trouble = wait(1).unwrap();
    assert!(trouble.contains("in use"), "{trouble}");
    send(2, "two");
    assert!(wait(2).is_some());
    drop(other);
    send(3, "three");
    assert_eq!(wait(3), None);
    drop(batches);
    thread.join().unwrap();
    assert_eq!(found(&path).len(), 3);
}

#[test]
fn a_database_of_somebody_else_is_none_of_ours() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let database = Database::create(&path).unwrap();
    let writing = database.begin_write().unwrap();
    let theirs = TableDefinition::<&str, u64>::new("theirs");
    writing.open_table(theirs).unwrap().insert("k", 1).unwrap();
    writing.commit().unwrap();
    drop(database);
    assert!(matches!(Keeper::open(&path), Err(StoreError::Foreign(_))));
    let database = Database::open(&path).unwrap();
    let reading = database.begin_read().unwrap();
    assert_eq!(
        reading
            .open_table(theirs)
            .unwrap()
            .get("k")
            .unwrap()
            .unwrap()
            .value(),
        1
    );
}

#[test]
fn a_newer_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    drop(File::open(&path).unwrap());
    let database = Database::create(&path).unwrap();
    let writing = database.begin_write().unwrap();
    let about = TableDefinition::<&str, u64>::new("about the store");
    writing
        .open_table(about)
        .unwrap()
        .insert("format", file::FORMAT + 1)
        .unwrap();
    writing.commit().unwrap();
    drop(database);
    let error = Keeper::open(&path).err().unwrap().to_string();
    assert!(
        error.contains("has format 2, and this program knows 1"),
        "{error}"
    );
}

#[test]
fn an_empty_file_is_a_new_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    fs::write(&path, "").unwrap();
    assert!(found(&path).is_empty());
}
