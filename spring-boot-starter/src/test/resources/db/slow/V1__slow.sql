LOCK TABLE migrated_slowly;
SELECT pg_sleep(3);
ALTER TABLE migrated_slowly ADD COLUMN added int;
