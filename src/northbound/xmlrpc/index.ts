/** The public face of the XML-RPC endpoint. */
export { type XmlRpcOptions, xmlRpcRoute } from './endpoint.js';
export { decodeResponse, encodeCall } from './envelope.js';
export { faultCodes } from './errors.js';
export { RpcDateTime, RpcDouble, type RpcStruct, type RpcValue } from './values.js';
