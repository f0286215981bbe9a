"""Pure rules of usage: which tariffs compile to SQL, how a forecast is made. No session, no clock."""
