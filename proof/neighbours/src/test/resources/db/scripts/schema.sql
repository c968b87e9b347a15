CREATE TABLE migrated_by_scripts (n int);
