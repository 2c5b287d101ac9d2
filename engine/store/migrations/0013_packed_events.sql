-- The data of events may be compressed. Those that are there stay as they are.

ALTER TABLE event ALTER COLUMN data TYPE bytea USING convert_to(data, 'UTF8');
COMMENT ON COLUMN event.data IS 'The event''s data, JSON text in UTF-8; or a byte 1 and that text as an LZ4 block behind its length.';
