package io.pgheal.track;

import java.lang.ref.Reference;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.RowIdLifetime;
import java.sql.SQLException;
import java.sql.Wrapper;
import org.jspecify.annotations.Nullable;

/** Metadata of the database. Much of it is queries, so each method is a call. */
final class DatabaseMetaDataHandle extends WrapperHandle implements DatabaseMetaData {
    private final DatabaseMetaData raw;

    DatabaseMetaDataHandle(Lease lease, Handle owner, DatabaseMetaData raw) {
        super(lease, owner);
        this.raw = raw;
    }

    @Override
    Wrapper below() {
        return raw;
    }

    @Override
    public boolean allProceduresAreCallable() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.allProceduresAreCallable();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean allTablesAreSelectable() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.allTablesAreSelectable();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String getURL() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = raw.getURL();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String getUserName() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = raw.getUserName();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean isReadOnly() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.isReadOnly();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean nullsAreSortedHigh() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.nullsAreSortedHigh();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean nullsAreSortedLow() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.nullsAreSortedLow();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean nullsAreSortedAtStart() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.nullsAreSortedAtStart();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean nullsAreSortedAtEnd() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.nullsAreSortedAtEnd();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String getDatabaseProductName() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = raw.getDatabaseProductName();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String getDatabaseProductVersion() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = raw.getDatabaseProductVersion();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String getDriverName() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = raw.getDriverName();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String getDriverVersion() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = raw.getDriverVersion();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getDriverMajorVersion() {
        try {
            return raw.getDriverMajorVersion();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getDriverMinorVersion() {
        try {
            return raw.getDriverMinorVersion();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean usesLocalFiles() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.usesLocalFiles();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean usesLocalFilePerTable() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.usesLocalFilePerTable();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsMixedCaseIdentifiers() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsMixedCaseIdentifiers();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean storesUpperCaseIdentifiers() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.storesUpperCaseIdentifiers();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean storesLowerCaseIdentifiers() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.storesLowerCaseIdentifiers();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean storesMixedCaseIdentifiers() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.storesMixedCaseIdentifiers();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsMixedCaseQuotedIdentifiers() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsMixedCaseQuotedIdentifiers();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean storesUpperCaseQuotedIdentifiers() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.storesUpperCaseQuotedIdentifiers();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean storesLowerCaseQuotedIdentifiers() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.storesLowerCaseQuotedIdentifiers();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean storesMixedCaseQuotedIdentifiers() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.storesMixedCaseQuotedIdentifiers();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String getIdentifierQuoteString() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = raw.getIdentifierQuoteString();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String getSQLKeywords() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = raw.getSQLKeywords();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String getNumericFunctions() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = raw.getNumericFunctions();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String getStringFunctions() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = raw.getStringFunctions();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String getSystemFunctions() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = raw.getSystemFunctions();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String getTimeDateFunctions() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = raw.getTimeDateFunctions();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String getSearchStringEscape() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = raw.getSearchStringEscape();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String getExtraNameCharacters() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = raw.getExtraNameCharacters();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsAlterTableWithAddColumn() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsAlterTableWithAddColumn();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsAlterTableWithDropColumn() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsAlterTableWithDropColumn();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsColumnAliasing() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsColumnAliasing();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean nullPlusNonNullIsNull() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.nullPlusNonNullIsNull();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsConvert() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsConvert();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsConvert(int fromType, int toType) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsConvert(fromType, toType);
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsTableCorrelationNames() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsTableCorrelationNames();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsDifferentTableCorrelationNames() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsDifferentTableCorrelationNames();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsExpressionsInOrderBy() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsExpressionsInOrderBy();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsOrderByUnrelated() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsOrderByUnrelated();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsGroupBy() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsGroupBy();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsGroupByUnrelated() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsGroupByUnrelated();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsGroupByBeyondSelect() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsGroupByBeyondSelect();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsLikeEscapeClause() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsLikeEscapeClause();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsMultipleResultSets() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsMultipleResultSets();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsMultipleTransactions() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsMultipleTransactions();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsNonNullableColumns() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsNonNullableColumns();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsMinimumSQLGrammar() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsMinimumSQLGrammar();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsCoreSQLGrammar() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsCoreSQLGrammar();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsExtendedSQLGrammar() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsExtendedSQLGrammar();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsANSI92EntryLevelSQL() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsANSI92EntryLevelSQL();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsANSI92IntermediateSQL() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsANSI92IntermediateSQL();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsANSI92FullSQL() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsANSI92FullSQL();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsIntegrityEnhancementFacility() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsIntegrityEnhancementFacility();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsOuterJoins() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsOuterJoins();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsFullOuterJoins() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsFullOuterJoins();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsLimitedOuterJoins() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsLimitedOuterJoins();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String getSchemaTerm() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = raw.getSchemaTerm();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String getProcedureTerm() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = raw.getProcedureTerm();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String getCatalogTerm() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = raw.getCatalogTerm();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean isCatalogAtStart() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.isCatalogAtStart();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String getCatalogSeparator() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = raw.getCatalogSeparator();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsSchemasInDataManipulation() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsSchemasInDataManipulation();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsSchemasInProcedureCalls() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsSchemasInProcedureCalls();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsSchemasInTableDefinitions() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsSchemasInTableDefinitions();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsSchemasInIndexDefinitions() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsSchemasInIndexDefinitions();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsSchemasInPrivilegeDefinitions() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsSchemasInPrivilegeDefinitions();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsCatalogsInDataManipulation() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsCatalogsInDataManipulation();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsCatalogsInProcedureCalls() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsCatalogsInProcedureCalls();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsCatalogsInTableDefinitions() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsCatalogsInTableDefinitions();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsCatalogsInIndexDefinitions() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsCatalogsInIndexDefinitions();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsCatalogsInPrivilegeDefinitions() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsCatalogsInPrivilegeDefinitions();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsPositionedDelete() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsPositionedDelete();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsPositionedUpdate() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsPositionedUpdate();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsSelectForUpdate() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsSelectForUpdate();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsStoredProcedures() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsStoredProcedures();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsSubqueriesInComparisons() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsSubqueriesInComparisons();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsSubqueriesInExists() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsSubqueriesInExists();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsSubqueriesInIns() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsSubqueriesInIns();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsSubqueriesInQuantifieds() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsSubqueriesInQuantifieds();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsCorrelatedSubqueries() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsCorrelatedSubqueries();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsUnion() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsUnion();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsUnionAll() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsUnionAll();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsOpenCursorsAcrossCommit() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsOpenCursorsAcrossCommit();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsOpenCursorsAcrossRollback() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsOpenCursorsAcrossRollback();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsOpenStatementsAcrossCommit() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsOpenStatementsAcrossCommit();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsOpenStatementsAcrossRollback() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsOpenStatementsAcrossRollback();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getMaxBinaryLiteralLength() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getMaxBinaryLiteralLength();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getMaxCharLiteralLength() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getMaxCharLiteralLength();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getMaxColumnNameLength() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getMaxColumnNameLength();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getMaxColumnsInGroupBy() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getMaxColumnsInGroupBy();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getMaxColumnsInIndex() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getMaxColumnsInIndex();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getMaxColumnsInOrderBy() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getMaxColumnsInOrderBy();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getMaxColumnsInSelect() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getMaxColumnsInSelect();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getMaxColumnsInTable() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getMaxColumnsInTable();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getMaxConnections() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getMaxConnections();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getMaxCursorNameLength() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getMaxCursorNameLength();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getMaxIndexLength() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getMaxIndexLength();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getMaxSchemaNameLength() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getMaxSchemaNameLength();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getMaxProcedureNameLength() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getMaxProcedureNameLength();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getMaxCatalogNameLength() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getMaxCatalogNameLength();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getMaxRowSize() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getMaxRowSize();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean doesMaxRowSizeIncludeBlobs() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.doesMaxRowSizeIncludeBlobs();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getMaxStatementLength() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getMaxStatementLength();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getMaxStatements() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getMaxStatements();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getMaxTableNameLength() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getMaxTableNameLength();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getMaxTablesInSelect() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getMaxTablesInSelect();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getMaxUserNameLength() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getMaxUserNameLength();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getDefaultTransactionIsolation() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getDefaultTransactionIsolation();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsTransactions() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsTransactions();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsTransactionIsolationLevel(int level) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsTransactionIsolationLevel(level);
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsDataDefinitionAndDataManipulationTransactions() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsDataDefinitionAndDataManipulationTransactions();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsDataManipulationTransactionsOnly() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsDataManipulationTransactionsOnly();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean dataDefinitionCausesTransactionCommit() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.dataDefinitionCausesTransactionCommit();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean dataDefinitionIgnoredInTransactions() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.dataDefinitionIgnoredInTransactions();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getProcedures(String catalog, String schemaPattern, String procedureNamePattern)
            throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable ResultSet result = wrap(raw.getProcedures(catalog, schemaPattern, procedureNamePattern));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getProcedureColumns(
            String catalog, String schemaPattern, String procedureNamePattern, String columnNamePattern)
            throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable
            ResultSet result =
                    wrap(raw.getProcedureColumns(catalog, schemaPattern, procedureNamePattern, columnNamePattern));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getTables(String catalog, String schemaPattern, String tableNamePattern, String[] types)
            throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable ResultSet result = wrap(raw.getTables(catalog, schemaPattern, tableNamePattern, types));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getSchemas() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable ResultSet result = wrap(raw.getSchemas());
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getCatalogs() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable ResultSet result = wrap(raw.getCatalogs());
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getTableTypes() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable ResultSet result = wrap(raw.getTableTypes());
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getColumns(
            String catalog, String schemaPattern, String tableNamePattern, String columnNamePattern)
            throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable
            ResultSet result = wrap(raw.getColumns(catalog, schemaPattern, tableNamePattern, columnNamePattern));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getColumnPrivileges(
            String catalog, String schema, String table, String columnNamePattern) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable ResultSet result = wrap(raw.getColumnPrivileges(catalog, schema, table, columnNamePattern));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getTablePrivileges(String catalog, String schemaPattern, String tableNamePattern)
            throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable ResultSet result = wrap(raw.getTablePrivileges(catalog, schemaPattern, tableNamePattern));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getBestRowIdentifier(
            String catalog, String schema, String table, int scope, boolean nullable) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable ResultSet result = wrap(raw.getBestRowIdentifier(catalog, schema, table, scope, nullable));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getVersionColumns(String catalog, String schema, String table) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable ResultSet result = wrap(raw.getVersionColumns(catalog, schema, table));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getPrimaryKeys(String catalog, String schema, String table) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable ResultSet result = wrap(raw.getPrimaryKeys(catalog, schema, table));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getImportedKeys(String catalog, String schema, String table) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable ResultSet result = wrap(raw.getImportedKeys(catalog, schema, table));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getExportedKeys(String catalog, String schema, String table) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable ResultSet result = wrap(raw.getExportedKeys(catalog, schema, table));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getCrossReference(
            String parentCatalog,
            String parentSchema,
            String parentTable,
            String foreignCatalog,
            String foreignSchema,
            String foreignTable)
            throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable
            ResultSet result = wrap(raw.getCrossReference(
                    parentCatalog, parentSchema, parentTable, foreignCatalog, foreignSchema, foreignTable));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getTypeInfo() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable ResultSet result = wrap(raw.getTypeInfo());
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getIndexInfo(
            String catalog, String schema, String table, boolean unique, boolean approximate) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable ResultSet result = wrap(raw.getIndexInfo(catalog, schema, table, unique, approximate));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsResultSetType(int type) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsResultSetType(type);
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsResultSetConcurrency(int type, int concurrency) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsResultSetConcurrency(type, concurrency);
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean ownUpdatesAreVisible(int type) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.ownUpdatesAreVisible(type);
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean ownDeletesAreVisible(int type) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.ownDeletesAreVisible(type);
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean ownInsertsAreVisible(int type) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.ownInsertsAreVisible(type);
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean othersUpdatesAreVisible(int type) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.othersUpdatesAreVisible(type);
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean othersDeletesAreVisible(int type) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.othersDeletesAreVisible(type);
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean othersInsertsAreVisible(int type) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.othersInsertsAreVisible(type);
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean updatesAreDetected(int type) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.updatesAreDetected(type);
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean deletesAreDetected(int type) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.deletesAreDetected(type);
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean insertsAreDetected(int type) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.insertsAreDetected(type);
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsBatchUpdates() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsBatchUpdates();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getUDTs(String catalog, String schemaPattern, String typeNamePattern, int[] types)
            throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable ResultSet result = wrap(raw.getUDTs(catalog, schemaPattern, typeNamePattern, types));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** The handle, never what lies below it. */
    @Override
    public Connection getConnection() throws SQLException {
        if (!lease.isCut()) {
            lease.check();
        }
        try {
            return connection();
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsSavepoints() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsSavepoints();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsNamedParameters() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsNamedParameters();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsMultipleOpenResults() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsMultipleOpenResults();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsGetGeneratedKeys() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsGetGeneratedKeys();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getSuperTypes(String catalog, String schemaPattern, String typeNamePattern)
            throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable ResultSet result = wrap(raw.getSuperTypes(catalog, schemaPattern, typeNamePattern));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getSuperTables(String catalog, String schemaPattern, String tableNamePattern)
            throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable ResultSet result = wrap(raw.getSuperTables(catalog, schemaPattern, tableNamePattern));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getAttributes(
            String catalog, String schemaPattern, String typeNamePattern, String attributeNamePattern)
            throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable
            ResultSet result = wrap(raw.getAttributes(catalog, schemaPattern, typeNamePattern, attributeNamePattern));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsResultSetHoldability(int holdability) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsResultSetHoldability(holdability);
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getResultSetHoldability() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getResultSetHoldability();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getDatabaseMajorVersion() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getDatabaseMajorVersion();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getDatabaseMinorVersion() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getDatabaseMinorVersion();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getJDBCMajorVersion() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getJDBCMajorVersion();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getJDBCMinorVersion() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getJDBCMinorVersion();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getSQLStateType() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getSQLStateType();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean locatorsUpdateCopy() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.locatorsUpdateCopy();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsStatementPooling() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsStatementPooling();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public RowIdLifetime getRowIdLifetime() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            RowIdLifetime result = raw.getRowIdLifetime();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getSchemas(String catalog, String schemaPattern) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable ResultSet result = wrap(raw.getSchemas(catalog, schemaPattern));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsStoredFunctionsUsingCallSyntax() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsStoredFunctionsUsingCallSyntax();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean autoCommitFailureClosesAllResultSets() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.autoCommitFailureClosesAllResultSets();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getClientInfoProperties() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable ResultSet result = wrap(raw.getClientInfoProperties());
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getFunctions(String catalog, String schemaPattern, String functionNamePattern)
            throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable ResultSet result = wrap(raw.getFunctions(catalog, schemaPattern, functionNamePattern));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getFunctionColumns(
            String catalog, String schemaPattern, String functionNamePattern, String columnNamePattern)
            throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable
            ResultSet result =
                    wrap(raw.getFunctionColumns(catalog, schemaPattern, functionNamePattern, columnNamePattern));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getPseudoColumns(
            String catalog, String schemaPattern, String tableNamePattern, String columnNamePattern)
            throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable
            ResultSet result = wrap(raw.getPseudoColumns(catalog, schemaPattern, tableNamePattern, columnNamePattern));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean generatedKeyAlwaysReturned() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.generatedKeyAlwaysReturned();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public long getMaxLogicalLobSize() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            long result = raw.getMaxLogicalLobSize();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsRefCursors() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsRefCursors();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean supportsSharding() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.supportsSharding();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String toString() {
        try {
            return raw.toString();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }
}
