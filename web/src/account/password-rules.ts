/** As the server holds them; it has the last word. */
export const PASSWORD_RULES =
  '8 characters or more; several words do well. Not your e-mail address, and none of those that are guessed first. Nothing else is asked of it.'
