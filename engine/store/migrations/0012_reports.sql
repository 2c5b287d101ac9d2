-- Reports that were made.

CREATE TABLE report_run (
    tenant_id int NOT NULL REFERENCES tenant,
    report_run_id bigint GENERATED ALWAYS AS IDENTITY,
    report text NOT NULL,
    due_at timestamptz,
    period_from timestamptz NOT NULL,
    period_to timestamptz NOT NULL,
    title text,
    state smallint NOT NULL CHECK (state BETWEEN 0 AND 1),
    error text,
    document text,
    html text,
    pdf bytea,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, report_run_id),
    UNIQUE (tenant_id, report, due_at),
    CHECK ((state = 0) = (document IS NOT NULL)),
    CHECK ((state = 1) = (error IS NOT NULL))
);
COMMENT ON TABLE report_run IS 'The archive of reports: each that was made, or could not be made, with what it said.';
COMMENT ON COLUMN report_run.due_at IS 'Of a scheduled one: when it was due. It is made once, whichever process does it.';
COMMENT ON COLUMN report_run.state IS '0 made, 1 failed.';
COMMENT ON COLUMN report_run.document IS 'JSON text: what it says, as data. Tables and mails are made from it again.';
