/** As the server holds them; it has the last word. */
export const PASSWORD_RULES =
  '8 characters or more; several words do well. None of those that are guessed first, and not your address. Nothing else is asked of it.'
