/*
 * A standalone agent on libnetsnmp: one scalar, and a table of rows in a table_container, as bench-rows.yang has them.
 * table-agent ROWS: reads table-agent.conf from SNMPCONFPATH, prints "ready" and serves until it is killed.
 */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* of libnetsnmpmibs; no header that is installed declares it */
void init_mib_modules(void);

struct row {
  netsnmp_index index;
  oid id;
  char label[32];
  u_long size;
};

static int scalar = 5;

static int answer(netsnmp_mib_handler *handler, netsnmp_handler_registration *registration,
                  netsnmp_agent_request_info *info, netsnmp_request_info *requests) {
  (void)handler;
  (void)registration;
  if (info->mode != MODE_GET) return SNMP_ERR_NOERROR;
  for (netsnmp_request_info *request = requests; request; request = request->next) {
    if (request->processed) continue;
    const struct row *row = netsnmp_container_table_row_extract(request);
    const netsnmp_table_request_info *table = netsnmp_extract_table_info(request);
    if (!row || !table) {
      netsnmp_set_request_error(info, request, SNMP_NOSUCHINSTANCE);
      continue;
    }
    u_long id = row->id;
    switch (table->colnum) {
    case 1:
      snmp_set_var_typed_value(request->requestvb, ASN_UNSIGNED, &id, sizeof id);
      break;
    case 2:
      snmp_set_var_typed_value(request->requestvb, ASN_OCTET_STR, row->label, strlen(row->label));
      break;
    default:
      snmp_set_var_typed_value(request->requestvb, ASN_UNSIGNED, &row->size, sizeof row->size);
    }
  }
  return SNMP_ERR_NOERROR;
}

static void serve_table(u_long count) {
  static const oid name[] = {1, 3, 6, 1, 4, 1, 32473, 9, 2};
  netsnmp_table_registration_info *table = SNMP_MALLOC_TYPEDEF(netsnmp_table_registration_info);
  netsnmp_container *rows = netsnmp_container_find("bench_rows:table_container");
  netsnmp_table_helper_add_indexes(table, ASN_UNSIGNED, 0);
  table->min_column = 1;
  table->max_column = 3;
  for (u_long index = 0; index < count; index++) {
    struct row *row = calloc(1, sizeof *row);
    row->id = index;
    row->index.len = 1;
    row->index.oids = &row->id;
    snprintf(row->label, sizeof row->label, "row %lu", index);
    row->size = index;
    CONTAINER_INSERT(rows, row);
  }
  netsnmp_handler_registration *registration =
      netsnmp_create_handler_registration("bench_rows", answer, name, OID_LENGTH(name), HANDLER_CAN_RONLY);
  netsnmp_container_table_register(registration, table, rows, TABLE_CONTAINER_KEY_NETSNMP_INDEX);
}

int main(int argc, char **argv) {
  static const oid name[] = {1, 3, 6, 1, 4, 1, 32473, 9, 1, 0};
  netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_ROLE, 0);
  init_agent("table-agent");
  init_mib_modules();
  netsnmp_register_read_only_int_instance("bench_scalar", name, OID_LENGTH(name), &scalar, NULL);
  serve_table(argc > 1 ? strtoul(argv[1], NULL, 10) : 0);
  init_snmp("table-agent");
  if (init_master_agent() != 0) return 1;
  puts("ready");
  fflush(stdout);
  for (;;) agent_check_and_process(1);
}
