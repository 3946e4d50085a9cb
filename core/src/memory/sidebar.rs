//! The sidebars of users: their channels in categories, one sidebar for each team.

use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    CreateChannelSidebarCategoryRequest, CreateChannelSidebarCategoryResponse,
    GetChannelSidebarCategoriesRequest, GetChannelSidebarCategoriesResponse,
    OrderedSidebarCategories, SidebarCategoryWithChannels, UpdateChannelSidebarCategoriesRequest,
    UpdateChannelSidebarCategoriesResponse,
};

use crate::ids::PluginId;
use crate::memory::fresh::Fresh;
use crate::memory::journal::area;
use crate::memory::rows::{Rows, form, row};
use crate::memory::websocket::To;
use crate::memory::{Refusal, Store, Tables, channel, handlers};

/// The id of every refusal here.
const REFUSED: &str = "app.channel.sidebar_categories.app_error";
/// The categories that every sidebar has, and what they are called.
const INITIAL: [(&str, &str); 3] = [
    ("favorites", "Favorites"),
    ("channels", "Channels"),
    ("direct_messages", "Direct Messages"),
];

/// By user and team.
#[derive(Debug, Default)]
pub(super) struct Sidebars {
    rows: Rows<Sidebar>,
}
area!(Sidebars: rows);

/// The categories of one, in their order.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Sidebar {
    #[prost(string, tag = "1")]
    user_id: String,
    #[prost(string, tag = "2")]
    team_id: String,
    /// Their order is that of the list itself.
    #[prost(message, required, tag = "3")]
    #[serde(with = "categories_json")]
    ordered: OrderedSidebarCategories,
}
row!(
    Sidebar, "sidebars", own,
    (String, String): |sidebar| (sidebar.user_id.clone(), sidebar.team_id.clone())
);
form::inner!(
    categories_json: plugin_proto::pb::OrderedSidebarCategories,
    wire("OrderedSidebarCategories")
);

impl Sidebars {
    /// Gives a user the categories that everybody has, unless they have some.
    pub(super) fn ensure(&mut self, fresh: &mut Fresh, user_id: &str, team_id: &str) {
        let key = (user_id.to_owned(), team_id.to_owned());
        if self.rows.contains_key(&key) {
            return;
        }
        let initial = INITIAL
            .iter()
            .map(|(kind, name)| SidebarCategoryWithChannels {
                id: fresh.id(),
                user_id: user_id.to_owned(),
                team_id: team_id.to_owned(),
                display_name: (*name).to_owned(),
                r#type: (*kind).to_owned(),
                ..SidebarCategoryWithChannels::default()
            });
        let ordered = OrderedSidebarCategories {
            categories: initial.collect(),
            order: Vec::new(),
        };
        let (user_id, team_id) = key;
        self.rows.put(Sidebar {
            user_id,
            team_id,
            ordered,
        });
    }

    /// The categories, in their order.
    fn get(&self, key: &(String, String)) -> Option<&Vec<SidebarCategoryWithChannels>> {
        let sidebar = self.rows.get(key);
        sidebar.map(|sidebar| &sidebar.ordered.categories)
    }

    fn get_mut(&mut self, key: &(String, String)) -> Option<&mut Vec<SidebarCategoryWithChannels>> {
        let sidebar = self.rows.get_mut(key);
        sidebar.map(|sidebar| &mut sidebar.ordered.categories)
    }

    /// Forgets the sidebar of somebody who left.
    pub(super) fn forget(&mut self, user_id: &str, team_id: &str) {
        self.rows.remove(&(user_id.to_owned(), team_id.to_owned()));
    }
}

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        CreateChannelSidebarCategory => create,
        GetChannelSidebarCategories => list,
        UpdateChannelSidebarCategories => update,
    );
}

/// A category of the user's own, below the favourites. What is in it is in no other.
fn create(
    t: &mut Tables,
    _: &PluginId,
    r: CreateChannelSidebarCategoryRequest,
) -> Result<CreateChannelSidebarCategoryResponse, Refusal> {
    let mut category = r.new_category.unwrap_or_default();
    let id = t.new_id();
    let key = (r.user_id.clone(), r.team_id.clone());
    let missing = || Refusal::new(REFUSED, 404);
    let categories = t.sidebar.get_mut(&key).ok_or_else(missing)?;
    category.id.clone_from(&id);
    category.user_id.clone_from(&r.user_id);
    category.team_id.clone_from(&r.team_id);
    "custom".clone_into(&mut category.r#type);
    take_from_others(categories, &category);
    let favorites = categories
        .iter()
        .position(|other| other.r#type == "favorites");
    categories.insert(favorites.map_or(0, |at| at + 1), category.clone());
    t.event(
        "sidebar_category_created",
        To::User(&r.user_id),
        [("category_id", id.into())],
    );
    Ok(CreateChannelSidebarCategoryResponse {
        category: Some(category),
        error: None,
    })
}

fn take_from_others(
    categories: &mut [SidebarCategoryWithChannels],
    of: &SidebarCategoryWithChannels,
) {
    for other in categories.iter_mut().filter(|other| other.id != of.id) {
        other.channel_ids.retain(|id| !of.channel_ids.contains(id));
    }
}

fn list(
    t: &mut Tables,
    _: &PluginId,
    r: GetChannelSidebarCategoriesRequest,
) -> Result<GetChannelSidebarCategoriesResponse, Refusal> {
    t.sidebar.ensure(&mut t.fresh, &r.user_id, &r.team_id);
    let categories = filled(t, &r.user_id, &r.team_id);
    let order = categories.iter().map(|category| category.id.clone());
    Ok(GetChannelSidebarCategoriesResponse {
        categories: Some(OrderedSidebarCategories {
            order: order.collect(),
            categories,
        }),
        error: None,
    })
}

/// The categories with all channels of the user: what is in none is in the one for its kind, by what is shown of it.
fn filled(t: &Tables, user_id: &str, team_id: &str) -> Vec<SidebarCategoryWithChannels> {
    let key = (user_id.to_owned(), team_id.to_owned());
    let mut categories = t.sidebar.get(&key).cloned().unwrap_or_default();
    let placed: Vec<_> = categories
        .iter()
        .flat_map(|category| category.channel_ids.clone())
        .collect();
    let channels = t
        .channels
        .of_user(user_id)
        .filter_map(|member| t.channels.get(&member.channel_id));
    let mut loose: Vec<_> = channels
        .filter(|channel| channel.delete_at == 0 && !placed.contains(&channel.id))
        .filter(|channel| channel.team_id == team_id || channel::is_direct(channel))
        .collect();
    loose.sort_by(|one, other| {
        (&one.display_name, &one.name).cmp(&(&other.display_name, &other.name))
    });
    for channel in loose {
        let kind = match channel::is_direct(channel) {
            true => "direct_messages",
            false => "channels",
        };
        let category = categories
            .iter_mut()
            .find(|category| category.r#type == kind);
        if let Some(category) = category {
            category.channel_ids.push(channel.id.clone());
        }
    }
    categories
}

/// The names of the categories that everybody has do not change; a muted category mutes its channels.
fn update(
    t: &mut Tables,
    _: &PluginId,
    r: UpdateChannelSidebarCategoriesRequest,
) -> Result<UpdateChannelSidebarCategoriesResponse, Refusal> {
    let key = (r.user_id.clone(), r.team_id.clone());
    let trouble = || Refusal::new(REFUSED, 500);
    let known = t.sidebar.get(&key);
    let is_known =
        |id: &str| known.is_some_and(|known| known.iter().any(|category| category.id == id));
    if !r.categories.iter().all(|category| is_known(&category.id)) {
        return Err(trouble());
    }
    let mut updated = Vec::with_capacity(r.categories.len());
    let mut muted = Vec::new();
    for given in r.categories {
        let categories = t.sidebar.get_mut(&key).ok_or_else(trouble)?;
        take_from_others(categories, &given);
        let stored = categories
            .iter_mut()
            .find(|category| category.id == given.id);
        let stored = stored.ok_or_else(trouble)?;
        if stored.r#type == "custom" {
            stored.display_name = given.display_name;
        }
        stored.sorting = given.sorting;
        stored.collapsed = given.collapsed;
        stored.channel_ids = given.channel_ids;
        if stored.muted != given.muted {
            stored.muted = given.muted;
            muted.extend(
                stored
                    .channel_ids
                    .iter()
                    .map(|id| (id.clone(), given.muted)),
            );
        }
        updated.push(stored.clone());
    }
    for (channel_id, yes) in muted {
        channel::mute(t, &channel_id, &r.user_id, yes);
    }
    t.event("sidebar_category_updated", To::User(&r.user_id), []);
    Ok(UpdateChannelSidebarCategoriesResponse {
        categories: updated,
        error: None,
    })
}
