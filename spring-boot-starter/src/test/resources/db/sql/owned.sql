CREATE TABLE owned_by_script (id int PRIMARY KEY);
