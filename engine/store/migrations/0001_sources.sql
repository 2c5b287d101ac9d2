-- Who there is: tenants, the accounts events belong to, and what is kept about each account.

CREATE TABLE tenant (
    tenant_id int PRIMARY KEY,
    name text NOT NULL UNIQUE
);
COMMENT ON TABLE tenant IS 'Every key begins with a tenant; the one that exists today is default.';
INSERT INTO tenant VALUES (1, 'default');

CREATE TABLE source (
    tenant_id int NOT NULL REFERENCES tenant,
    source_id int GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    last_delivery_at timestamptz,
    silent_since timestamptz,
    PRIMARY KEY (tenant_id, source_id),
    UNIQUE (tenant_id, name)
);
COMMENT ON TABLE source IS 'What events name as their source: a configured account, or any helpdesk whose history was imported.';
COMMENT ON COLUMN source.name IS 'The source attribute of its events.';
COMMENT ON COLUMN source.last_delivery_at IS 'When its last webhook came, as far as it has been noted (at most once a minute).';
COMMENT ON COLUMN source.silent_since IS 'Since when it counts as silent; null while it is heard.';

CREATE TABLE agent (
    tenant_id int NOT NULL,
    source_id int NOT NULL,
    agent_id text NOT NULL,
    status text NOT NULL CHECK (status IN ('online', 'away', 'offline')),
    capacity int,
    groups text[] NOT NULL,
    skills text[] NOT NULL,
    languages text[] NOT NULL,
    stated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, source_id, agent_id)
);
COMMENT ON TABLE agent IS 'What each agent last said to be: the youngest agent.status event.';
COMMENT ON COLUMN agent.stated_at IS 'The time of that event; an older one changes nothing.';

CREATE TABLE secret (
    tenant_id int NOT NULL REFERENCES tenant,
    owner text NOT NULL,
    name text NOT NULL,
    sealed bytea NOT NULL,
    previous bytea,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, owner, name)
);
COMMENT ON TABLE secret IS 'Secrets of sources and destinations, sealed with the engine''s secret key.';
COMMENT ON COLUMN secret.owner IS 'source:NAME or destination:NAME.';
COMMENT ON COLUMN secret.sealed IS 'Key number, nonce and XChaCha20-Poly1305 ciphertext, bound to tenant, owner and name.';
COMMENT ON COLUMN secret.previous IS 'The one before it, accepted beside it while the sender is moved over.';

CREATE TABLE token (
    tenant_id int NOT NULL REFERENCES tenant,
    token_id bigint GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    hash bytea NOT NULL UNIQUE,
    hint text NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (tenant_id, token_id)
);
COMMENT ON TABLE token IS 'Who may use the HTTP API.';
COMMENT ON COLUMN token.hash IS 'SHA-256 of the token, which has 256 random bits and is shown once.';
COMMENT ON COLUMN token.hint IS 'Its first characters, so that a person can tell tokens apart.';

CREATE TABLE setting (
    tenant_id int NOT NULL REFERENCES tenant,
    name text NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (tenant_id, name)
);
COMMENT ON TABLE setting IS 'What all engine processes must agree on, such as the digest of the configuration.';
