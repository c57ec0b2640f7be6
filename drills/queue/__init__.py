"""The parcel desk: partners' orders become labels and notices, by way of queues in PostgreSQL."""
