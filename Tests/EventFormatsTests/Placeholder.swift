import Testing

@Suite struct EventFormatsPlaceholder {}
