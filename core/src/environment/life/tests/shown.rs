//! What a life shows to those who ask: whether it came back by itself, is missed, watched, forgotten, over.

use super::*;

/// A plugin that runs, by its first start.
fn running(is_looked_after: bool) -> Life {
    let mut life = Life::new("/here".into(), is_looked_after);
    assert!(!life.wants_watch(), "it does not run yet");
    let folder = life.folder().to_owned();
    let anew = false;
    let effects = life.ask(0, Wish::Activate { folder, anew });
    assert_eq!(effects, [Effect::Start { by: Some(0) }]);
    life.started();
    life
}

/// Whether its latest start was a return, it is missed, and it is watched.
fn shown(life: &Life) -> (bool, bool, bool) {
    (life.is_return(), life.is_missed(), life.wants_watch())
}

#[test]
fn what_ends_by_itself_is_missed_until_it_is_back() {
    let recovery = Recovery::default();
    let mut life = running(true);
    assert_eq!(shown(&life), (false, false, true));
    let (verdict, _) = life.exited(1, Duration::ZERO, &recovery);
    assert!(matches!(verdict, Verdict::Ruled(Ruling::Restart { .. })));
    assert_eq!(shown(&life), (false, true, false));
    life.stopped();
    assert_eq!(shown(&life), (false, true, false));
    assert_eq!(life.due(1), [Effect::Start { by: None }]);
    assert_eq!(life.start(), 2);
    assert_eq!(shown(&life), (true, true, false));
    life.started();
    assert_eq!(shown(&life), (true, false, true));
    let late = life.exited(1, Duration::ZERO, &recovery);
    assert_eq!(late, (Verdict::Late, Vec::new()), "of the first start");
}

#[test]
fn whoever_is_not_looked_after_is_neither_watched_nor_brought_back() {
    let mut life = running(false);
    assert!(!life.wants_watch());
    life.look_after(true);
    assert!(life.wants_watch());
    life.exited(1, Duration::ZERO, &Recovery::default());
    life.look_after(true);
    assert_eq!(life.state(), State::Mending);
    life.look_after(false);
    assert_eq!(life.state(), State::Cleaning);
}

#[test]
fn what_is_forgotten_is_seen_again_when_its_folder_is_found() {
    let mut life = Life::new("/here".into(), true);
    assert_eq!(life.ask(0, Wish::Remove), [Effect::Forget(0)]);
    life.forgotten(true);
    assert!(life.is_forgotten());
    life.found();
    assert!(!life.is_forgotten());
}

#[test]
fn a_shutdown_is_the_end() {
    let mut life = running(true);
    assert!(!life.is_over());
    life.shut_down();
    assert!(life.is_over());
}
