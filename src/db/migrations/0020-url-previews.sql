-- What is known of linked pages: one row for each URL and hour in which it was fetched. `answer` is the JSON that clients
-- get, `image` the media ID of the picture in it. A row answers until `expires`; it is deleted, picture and all, a while
-- after that, so that clients which were given the picture can still load it.
create table url_preview (
  url text not null, hour bigint not null, answer text not null, image text, expires bigint not null,
  primary key (url, hour)
) {{clustered}};
create index url_preview_expires on url_preview (expires);
