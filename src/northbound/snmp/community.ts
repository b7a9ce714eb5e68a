/** Communities of SNMPv1 and SNMPv2c (RFC 3584 section 5.2): who a community stands for. They read, and no more. */

export interface Community {
  /** The principal that requests with this community act for. */
  readonly securityName: string;
  /** The context that they look at; '' is the default one. */
  readonly context: string;
}

export interface CommunitySource {
  /** Undefined where no such community is configured for that sender. */
  community(name: Buffer, address: string): Community | undefined;
}
