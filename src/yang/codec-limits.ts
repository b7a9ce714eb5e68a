/** The limits of both codecs, in one place: what a document may cost before anything of it is known. */
export const codecLimits = {
  /** Octets, or characters where text is given. */
  documentSize: 64 * 1024 * 1024,
  /** Elements, or arrays and objects, inside each other. */
  depth: 256,
  /** Attributes of one element, namespace declarations included. */
  attributes: 64,
  /** Characters of an element's or attribute's name. */
  nameLength: 1024,
  /** Characters of one text, attribute value or JSON string; one is taken in one step, so it bounds how long others wait. */
  textLength: 2 * 1024 * 1024,
  jsonNumberLength: 512,
  /** Of one JSON object. */
  members: 65_536,
  /** Errors that one document is told; reading stops there. */
  errors: 50,
} as const;
