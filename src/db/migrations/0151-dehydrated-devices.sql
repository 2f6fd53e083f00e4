-- A device that nobody is logged in with: it takes in room keys until its user logs in again (MSC3814). device_data: JSON
-- that only the user can read. At most one of each user; it goes with its device.
create table dehydrated_device (user_nid bigint primary key, device_id text not null, device_data text not null);
