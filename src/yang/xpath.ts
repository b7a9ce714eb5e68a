/** XPath 1.0 compiled to closures over the data tree. */
export interface XPathExpression {
  readonly text: string;
}
