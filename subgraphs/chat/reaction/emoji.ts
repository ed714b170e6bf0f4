import { UserFault } from '../../../platform/user-fault.ts'

const RGI_EMOJI = /^\p{RGI_Emoji}$/v
/** A character that is a sign of text until U+FE0F makes it an emoji, where neither that nor a skin tone follows it. */
const TEXT_BY_DEFAULT = /[\p{Emoji}--\p{Emoji_Presentation}](?![\u{FE0F}\p{Emoji_Modifier}])/gv

/**
 * The one emoji that was sent, spelled as Unicode recommends (RGI, Unicode Technical Standard #51): what lacks U+FE0F
 * gets it, so that ❤ and ❤️ are one reaction.
 *
 * @throws UserFault BAD_USER_INPUT
 */
export function readEmoji(text: string): string {
  if (RGI_EMOJI.test(text)) return text
  const qualified = text.replace(TEXT_BY_DEFAULT, '$&\u{FE0F}')
  if (RGI_EMOJI.test(qualified)) return qualified
  throw new UserFault('BAD_USER_INPUT', 'A reaction is a single emoji, such as 👍.', ['input', 'emoji'])
}
