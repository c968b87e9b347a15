LOCK TABLE migrated_slowly;
SELECT until_told();
ALTER TABLE migrated_slowly ADD COLUMN added int;
