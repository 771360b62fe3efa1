//! Built-in roles of Microsoft Entra ID: name and template id, which is also the id of the role's definition in every
//! tenant.
//!
//! Source: Microsoft, "Microsoft Entra built-in roles"; Microsoft Graph, "unifiedRoleDefinition resource type".

/// Name and template id.
pub type DirectoryRole = (&'static str, &'static str);

pub const AGENT_ID_ADMINISTRATOR: DirectoryRole = (
    "Agent ID Administrator",
    "db506228-d27e-4b7d-95e5-295956d6615f",
);
pub const AGENT_ID_DEVELOPER: DirectoryRole =
    ("Agent ID Developer", "adb2368d-a9be-41b5-8667-d96778e081b0");
pub const APPLICATION_ADMINISTRATOR: DirectoryRole = (
    "Application Administrator",
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
);
pub const CLOUD_APPLICATION_ADMINISTRATOR: DirectoryRole = (
    "Cloud Application Administrator",
    "158c047a-c907-4556-b7ef-446551a6b5f7",
);
pub const CONDITIONAL_ACCESS_ADMINISTRATOR: DirectoryRole = (
    "Conditional Access Administrator",
    "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9",
);
pub const DIRECTORY_READERS: DirectoryRole =
    ("Directory Readers", "88d8e3e3-8f55-4a1e-953a-9b9898b8876b");
pub const DOMAIN_NAME_ADMINISTRATOR: DirectoryRole = (
    "Domain Name Administrator",
    "8329153b-31d0-4727-b945-745eb3bc5f31",
);
pub const EXTERNAL_IDENTITY_PROVIDER_ADMINISTRATOR: DirectoryRole = (
    "External Identity Provider Administrator",
    "be2f45a1-457d-42af-a067-6ec1fa63bc45",
);
pub const GLOBAL_ADMINISTRATOR: DirectoryRole = (
    "Global Administrator",
    "62e90394-69f5-4237-9190-012177145e10",
);
pub const GLOBAL_READER: DirectoryRole = ("Global Reader", "f2ef992c-3afb-46b9-b7cf-a126ee74c451");
pub const GROUPS_ADMINISTRATOR: DirectoryRole = (
    "Groups Administrator",
    "fdd7a751-b60b-444a-984c-02652fe8fa1c",
);
pub const HYBRID_IDENTITY_ADMINISTRATOR: DirectoryRole = (
    "Hybrid Identity Administrator",
    "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2",
);
pub const IDENTITY_GOVERNANCE_ADMINISTRATOR: DirectoryRole = (
    "Identity Governance Administrator",
    "45d8d3c5-c802-45c6-b32a-1d70b5e1e86e",
);
pub const INTUNE_ADMINISTRATOR: DirectoryRole = (
    "Intune Administrator",
    "3a2c62db-5318-420d-8d74-23affee5d9d5",
);
pub const PARTNER_TIER1_SUPPORT: DirectoryRole = (
    "Partner Tier1 Support",
    "4ba39ca4-527c-499a-b93d-d9b492c50246",
);
pub const PARTNER_TIER2_SUPPORT: DirectoryRole = (
    "Partner Tier2 Support",
    "e00e864a-17c5-4a4b-9c06-f5b95a8d5bd8",
);
pub const PRIVILEGED_AUTHENTICATION_ADMINISTRATOR: DirectoryRole = (
    "Privileged Authentication Administrator",
    "7be44c8a-adaf-4e2a-84d6-ab2649e08a13",
);
pub const PRIVILEGED_ROLE_ADMINISTRATOR: DirectoryRole = (
    "Privileged Role Administrator",
    "e8611ab8-c189-46e8-94e1-60213ab1f814",
);
pub const SECURITY_ADMINISTRATOR: DirectoryRole = (
    "Security Administrator",
    "194ae4cb-b126-40b2-bd5b-6091b380977d",
);

/// Those that something here names; a tenant has many more.
pub const BUILT_IN: &[DirectoryRole] = &[
    AGENT_ID_ADMINISTRATOR,
    AGENT_ID_DEVELOPER,
    APPLICATION_ADMINISTRATOR,
    CLOUD_APPLICATION_ADMINISTRATOR,
    CONDITIONAL_ACCESS_ADMINISTRATOR,
    DIRECTORY_READERS,
    DOMAIN_NAME_ADMINISTRATOR,
    EXTERNAL_IDENTITY_PROVIDER_ADMINISTRATOR,
    GLOBAL_ADMINISTRATOR,
    GLOBAL_READER,
    GROUPS_ADMINISTRATOR,
    HYBRID_IDENTITY_ADMINISTRATOR,
    IDENTITY_GOVERNANCE_ADMINISTRATOR,
    INTUNE_ADMINISTRATOR,
    PARTNER_TIER1_SUPPORT,
    PARTNER_TIER2_SUPPORT,
    PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
    PRIVILEGED_ROLE_ADMINISTRATOR,
    SECURITY_ADMINISTRATOR,
];
