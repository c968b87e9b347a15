CREATE TABLE migrated_by_flyway (n int);
