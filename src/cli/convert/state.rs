//! A Terraform state: resources with their attributes, from the state itself (version 4) or from `terraform show -json`.

use serde_json::Value as Json;

/// One instance of a resource.
pub struct Instance<'a> {
    /// Declared by `data`: somebody else manages it.
    pub data: bool,
    pub kind: &'a str,
    /// Its name with module and key, for labels.
    pub name: String,
    pub attributes: &'a Json,
}

impl Instance<'_> {
    /// The first of these attributes that is a text with something in it.
    pub fn text(&self, names: &[&str]) -> Option<&str> {
        let mut found = names
            .iter()
            .filter_map(|name| self.attributes[*name].as_str());
        found.find(|text| !text.is_empty())
    }
}

/// Every instance; none where the text is no state.
pub fn instances(state: &Json) -> Option<Vec<Instance<'_>>> {
    let mut all = Vec::new();
    if let Some(resources) = state["resources"].as_array() {
        for resource in resources {
            of_state(resource, &mut all);
        }
        return Some(all);
    }
    let root = state["values"]["root_module"].as_object()?;
    let mut modules = vec![root];
    while let Some(module) = modules.pop() {
        let list = |name: &str| module.get(name).and_then(Json::as_array);
        for resource in list("resources").into_iter().flatten() {
            all.extend(shown(resource));
        }
        let children = list("child_modules").into_iter().flatten();
        modules.extend(children.filter_map(Json::as_object));
    }
    Some(all)
}

fn of_state<'a>(resource: &'a Json, all: &mut Vec<Instance<'a>>) {
    let (Some(kind), Some(name)) = (resource["type"].as_str(), resource["name"].as_str()) else {
        return;
    };
    let module = resource["module"].as_str().map(module_name);
    for instance in resource["instances"].as_array().into_iter().flatten() {
        all.push(Instance {
            data: resource["mode"] == "data",
            kind,
            name: full_name(module.as_deref(), name, &instance["index_key"]),
            attributes: &instance["attributes"],
        });
    }
}

fn shown(resource: &Json) -> Option<Instance<'_>> {
    let (kind, name) = (resource["type"].as_str()?, resource["name"].as_str()?);
    let address = resource["address"].as_str().unwrap_or_default();
    let (module, _) = address.rsplit_once(kind).unwrap_or(("", ""));
    let module =
        Some(module.trim_end_matches("data.").trim_matches('.')).filter(|text| !text.is_empty());
    Some(Instance {
        data: resource["mode"] == "data",
        kind,
        name: full_name(module.map(module_name).as_deref(), name, &resource["index"]),
        attributes: &resource["values"],
    })
}

fn module_name(path: &str) -> String {
    path.replace("module.", "")
}

fn full_name(module: Option<&str>, name: &str, key: &Json) -> String {
    let key = match key {
        Json::String(key) => format!("-{key}"),
        Json::Number(key) => format!("-{key}"),
        _ => String::new(),
    };
    let module = module
        .map(|module| format!("{module}-"))
        .unwrap_or_default();
    format!("{module}{name}{key}")
}
